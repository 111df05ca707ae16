// Disables fast-check's search for the smallest counterexample of a failed property. The failure
// alone kills the mutant.
import fc from 'fast-check';

fc.configureGlobal({ endOnFailure: true });
