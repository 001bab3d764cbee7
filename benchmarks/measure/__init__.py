"""The benchmark suite: see benchmarks/suite, which prepares the machine and starts this."""
