// Torch's random generator and thread count belong to the process: tests that use them run one after another.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
