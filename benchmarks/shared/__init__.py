"""What benchmarks and tests share: one harness, one generator of profiles, one reading of rules."""
