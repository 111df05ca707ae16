// Entry point of the worker of the self-test. Posts the results without being asked.
import { computeKnownAnswers } from './known-answers.ts';

postMessage(computeKnownAnswers());
