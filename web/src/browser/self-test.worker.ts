// Entry point of the worker of the self-test. Posts the results and needs no message.
import { computeKnownAnswers } from './known-answers.ts';

postMessage(computeKnownAnswers());
