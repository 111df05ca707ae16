// Disables the search for the smallest counterexample of a failed property: the failure alone kills
// the mutant.
import fc from 'fast-check';

fc.configureGlobal({ endOnFailure: true });
