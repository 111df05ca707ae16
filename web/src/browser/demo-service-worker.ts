// Service worker of the demo, under a name of its own, because one server root serves both pages.
import './service-worker.ts';
