// Entry point of the worker of the self-test. Starts at once and posts the results.
import { computeKnownAnswers } from './known-answers.ts';

postMessage(computeKnownAnswers());
