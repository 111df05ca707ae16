// Service worker of the demo. It has a separate name, because one server root serves both pages.
import './service-worker.ts';
