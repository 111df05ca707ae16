// A property that fails has noticed the mutant: its smallest counterexample is not needed.
import fc from 'fast-check';

fc.configureGlobal({ endOnFailure: true });
