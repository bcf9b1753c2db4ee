// Torch's random generator and thread count belong to the process: tests that use them run one after another.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
