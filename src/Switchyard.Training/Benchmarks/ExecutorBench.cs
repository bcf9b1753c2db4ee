using Switchyard.Dispatch;
using Switchyard.Experts;
using Switchyard.Kernels;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Training.Benchmarks;

/// <summary>Times executors on the same plan.</summary>
public static class ExecutorBench
{
    /// <summary>Rows of every shape, token count and thread count; the peer of each is the fastest of torch's own ways, <c>sequential</c> and <c>grouped-mm</c>. Of a storage type that torch's tensors do not have, torch gets weights in bf16 and in fp32, whichever is faster.</summary>
    public static IEnumerable<BenchRow> Run(BenchOptions options, CancellationToken cancellation = default) =>
        BenchSweep.Run(options, (shape, tokens, threads) => Measure(shape, tokens, threads, options, cancellation));

    private static List<BenchRow> Measure(BenchShape shape, int tokens, int threads, BenchOptions options, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        bool stored = StoredWeights.Names.Contains(options.Storage);
        ExpertOptions sizes = new() { Experts = shape.Experts, HiddenSize = shape.HiddenSize, InnerSize = shape.InnerSize };
        Tensor combine = rand(tokens, shape.TopK);
        Tensor experts = LoadShape.Experts(options.Load, tokens, shape.TopK, shape.Experts);
        List<Material> materials = [];
        try
        {
            if (stored)
            {
                materials.Add(new Material(new ExpertWeights(StoredWeights.Make(sizes, options.Storage)), Tokens(ScalarType.Float32), string.Empty));
                materials.AddRange(new[] { ScalarType.Float32, ScalarType.BFloat16 }.Select(type => Dense(type, type == ScalarType.Float32 ? " fp32" : " bf16")));
            }
            else
            {
                materials.Add(Dense(Type(options.Storage), string.Empty));
            }

            return Time(shape, tokens, threads, options, materials, cancellation);
        }
        finally
        {
            materials.ForEach(m => m.Weights.Dispose());
        }

        Material Dense(ScalarType type, string suffix) => new(new ExpertWeights(sizes, dtype: type), Tokens(type), suffix);

        DispatchedTokens Tokens(ScalarType type) =>
            new LocalDispatcher().Dispatch(randn(tokens, shape.HiddenSize, type).requires_grad_(options.Backward), new Assignment(experts, combine), shape.Experts);
    }

    private static List<BenchRow> Time(BenchShape shape, int tokens, int threads, BenchOptions options, List<Material> materials, CancellationToken cancellation)
    {
        bool stored = materials.Count > 1;
        Competitor[] competitors =
        [
            .. from name in TorchPeers.WithPeers(options.Names)
               from material in TorchPeers.IsPeer(name) && stored ? materials.Skip(1) : materials.Take(1)
               from arithmetic in TorchPeers.IsPeer(name) ? [null] : options.Arithmetic
               from activations in options.Backward ? options.Activations : [SavedActivations.Keep]
               let executor = Executors.All.Get(name).Create(new ExecutorOptions { Activations = activations, Arithmetic = arithmetic })
               where executor.Accepts(material.Tokens, material.Weights)
               select new Competitor(name, material, arithmetic, activations, executor),
        ];
        double[] times = Timing.Medians([.. competitors.Select(Work)], options.Budget, cancellation);
        int best = TorchPeers.Best([.. competitors.Select(c => c.Name)], times);
        DispatchPlan plan = materials[0].Tokens.Plan;
        double operations = shape.Operations(tokens) * (options.Backward ? 3 : 1);
        double mean = (double)plan.Rows / shape.Experts;
        return
        [
            .. competitors.Select((c, i) => new BenchRow
            {
                What = "executor",
                Shape = shape.Name,
                Tokens = tokens,
                Threads = threads,
                Storage = options.Storage,
                Arithmetic = c.Arithmetic,
                Load = options.Load,
                RowsPerExpert = mean,
                Imbalance = plan.Counts.Max() / mean,
                Direction = options.Direction,
                Executor = c.Name + c.Material.Suffix,
                Activations = options.Backward ? c.Activations : null,
                Milliseconds = times[i],
                Gops = operations / times[i] / 1e6,
                MegabytesRead = MegabytesRead(c.Material.Weights, plan, options.Backward),
                PaddingWaste = 1 - ((double)plan.Rows / c.Executor.ComputedRows(c.Material.Tokens, c.Material.Weights)),
                Peer = competitors[best].Name + competitors[best].Material.Suffix,
                PeerMilliseconds = times[best],
                Ratio = times[best] / times[i],
            }),
        ];

        Action Work(Competitor competitor) => Timing.Pass(options, () => competitor.Executor.Run(competitor.Material.Tokens, competitor.Material.Weights));
    }

    /// <summary>Forward reads the weights of the experts in use; backward reads them again and writes the gradients of those that have any.</summary>
    private static double MegabytesRead(ExpertWeights weights, DispatchPlan plan, bool backward)
    {
        double used = (double)plan.Counts.Count(c => c > 0) / plan.Experts;
        return weights.Stored is { } stored
            ? stored.Bytes * used * (backward ? 2 : 1) / 1e6
            : weights.ParameterCount * used * weights.GateUp.element_size() * (backward ? 3 : 1) / 1e6;
    }

    internal static ScalarType Type(string storage) => storage switch
    {
        "fp32" => ScalarType.Float32,
        "bf16" => ScalarType.BFloat16,
        "fp16" => ScalarType.Float16,
        _ => throw new ConfigurationException($"storage is '{storage}'; it must be one of {string.Join(", ", Storages)}"),
    };

    /// <summary>Storage types that can be timed.</summary>
    public static IReadOnlyList<string> Storages { get; } = ["fp32", "bf16", "fp16", .. StoredWeights.Names];

    private sealed record Material(ExpertWeights Weights, DispatchedTokens Tokens, string Suffix);

    private sealed record Competitor(string Name, Material Material, Arithmetic? Arithmetic, SavedActivations Activations, ExpertExecutor Executor);
}
