using Switchyard.Training.Results;

namespace Switchyard.Training.Tests.Reporting;

/// <summary>A plausible comparison, the same on every call: eleven rows, two layers of 16 experts, 20 domains, 60 logged steps. Every figure follows from invented loads, by the definitions, so that the parts agree with each other.</summary>
internal static class SampleResult
{
    private const int Steps = 600;
    private const int Points = 60;

    public static CompareResult Make(int layers = 2, int experts = 16, int domains = 20, int seeds = 1, int rows = 11)
    {
        Random random = new(20250607);
        double[] batchNoise = [.. Enumerable.Range(0, Points).Select(_ => 0.05 * Gaussian(random))];
        Shape shape = new(layers, experts, domains, seeds, batchNoise);
        return new CompareResult
        {
            Created = new DateTimeOffset(2026, 3, 14, 9, 26, 0, TimeSpan.Zero),
            Machine = new MachineInfo("Debian GNU/Linux 12", "AMD EPYC 9R14", "AVX-512", 2, "cpu", ".NET 10.0.0", "0.1.0"),
            Preset = "quick",
            Corpus = new CorpusInfo("XML documentation of the .NET SDK", "/usr/share/dotnet/packs", 214_321, 24_120_000, 1_310_000, [.. Enumerable.Range(0, domains).Select(Domain)]),
            Command = "switchyard compare --preset quick --seed 1",
            Model = new ModelInfo(128, layers, experts, 2, 64, 128, 4096, Steps, [.. Enumerable.Range(1, seeds).Select(s => (long)s)]),
            Rows = [.. Kinds().Take(rows).Select((kind, i) => Row(kind, shape, new Random(100 + i)))],
        };
    }

    /// <summary>Name, router, balancer, unevenness at first and last (deviation of the log load), final loss, router parameters, µs a token.</summary>
    private static IEnumerable<Kind> Kinds() =>
    [
        new("linear", "linear", "none", 0.55, 0.95, 1.6120, 4_096, 0.31),
        new("linear+switch", "linear", "switch", 0.55, 0.16, 1.6195, 4_096, 0.33),
        new("linear+bias", "linear", "bias", 0.55, 0.07, 1.6138, 4_096, 0.34),
        new("linear+dual", "linear", "dual", 0.10, 0.018, 1.6109, 4_096, 0.52),
        new("attention", "attention", "none", 0.50, 0.80, 1.6231, 18_432, 0.47),
        new("mlp", "mlp", "none", 0.60, 1.10, 1.6089, 37_152, 0.88),
        new("hybrid", "hybrid", "none", 0.50, 0.85, 1.6142, 22_530, 0.71),
        new("hash", "hash", "none", 0.12, 0.12, 1.6873, 0, 0.12),
        new("mlp-hadamard", "mlp-hadamard", "none", 0.70, 1.30, 1.6101, 70_432, 1.37),
        new("lpr", "lpr", "lpr", 0.40, 0.045, 1.6482, 13_120, 1.05),
        new("random", "random", "none", 0.01, 0.01, 1.7411, 0, 0.15),
    ];

    private static CompareRow Row(Kind kind, Shape shape, Random random)
    {
        double[][] tilt = [.. Enumerable.Range(0, shape.Layers).Select(_ => Gaussians(random, shape.Experts))];
        LayerResult[] layers = [.. Enumerable.Range(0, shape.Layers).Select(l => Layer(l, kind, tilt[l], shape, random))];
        Dictionary<string, double> deviation = shape.Seeds < 2 ? [] : new()
        {
            ["testLoss"] = 0.0015 + (0.003 * random.NextDouble()),
            ["gini"] = 0.08 * layers.Average(l => l.Gini),
            ["minMax"] = 0.02,
        };
        return new CompareRow
        {
            Name = kind.Name,
            Router = kind.Router,
            Selector = "softmax-topk",
            Balance = kind.Balance,
            RouterParameters = kind.Parameters * shape.Layers / 2,
            TotalParameters = 1_250_000 + kind.Parameters,
            ActiveParameters = 380_000 + kind.Parameters,
            Steps = Steps,
            Tokens = Steps * 4096L,
            TrainLoss = kind.Loss - 0.03,
            TestLoss = kind.Loss,
            Perplexity = Math.Exp(kind.Loss),
            Gini = layers.Average(l => l.Gini),
            GiniWorstLayer = layers.Max(l => l.Gini),
            GiniPerBatch = layers.Average(l => l.Gini) + 0.04,
            MinMax = layers.Average(l => l.MinMax),
            Cv = layers.Average(l => l.Cv),
            MaxVio = layers.Average(l => l.MaxVio),
            LoadEntropy = layers.Average(l => l.LoadEntropy),
            RoutingEntropy = layers.Average(l => l.RoutingEntropy),
            Utilisation = layers.Average(l => l.Utilisation),
            Specialisation = layers.Average(l => l.Specialisation),
            TokensPerSecond = 152_000 / (1 + (0.1 * kind.Microseconds)),
            RouterMicrosecondsPerToken = kind.Microseconds,
            Seconds = 14.2 + (2.5 * kind.Microseconds),
            Deviation = deviation,
            Layers = layers,
            History = [.. Enumerable.Range(0, Points).Select(i => Point(i, kind, tilt, shape, random))],
        };
    }

    private static HistoryPoint Point(int i, Kind kind, double[][] tilt, Shape shape, Random random)
    {
        int step = (i + 1) * Steps / Points;
        double done = 1 - Math.Exp(-step / 90.0);
        double spread = kind.First + ((kind.Last - kind.First) * done);
        double[][] loads = [.. tilt.Select(t => Shares(t, spread, 0.03, random))];
        double loss = kind.Loss - 0.03 + ((4.1 - (2 * (kind.Loss - 1.6))) * Math.Exp(-step / 45.0)) + (0.9 * Math.Exp(-step / 200.0)) + shape.BatchNoise[i] + (0.006 * Gaussian(random));
        return new HistoryPoint
        {
            Step = step,
            Tokens = step * 4096L,
            Loss = loss,
            AuxiliaryLoss = kind.Balance is "switch" or "lpr" ? 0.0102 : 0,
            AuxiliaryTerms = kind.Balance is "switch" ? new Dictionary<string, double> { ["switch"] = 0.0102 } : [],
            LearningRate = 2e-3 * Math.Min(1, step / 50.0),
            GradientNorm = 0.6 + (0.1 * Gaussian(random)),
            TokensPerSecond = 150_000,
            TestLoss = step % 100 == 0 ? kind.Loss + (0.9 * Math.Exp(-step / 200.0)) - (step == Steps ? 0.9 * Math.Exp(-3) : 0) : null,
            Gini = [.. loads.Select(Gini)],
            MinMax = [.. loads.Select(l => l.Min() / l.Max())],
            Load = loads,
        };
    }

    private static LayerResult Layer(int layer, Kind kind, double[] tilt, Shape shape, Random random)
    {
        double[] shares = Shares(tilt, kind.Last, 0, random);
        double care = kind.Router is "hash" or "random" ? 0.02 : 0.5;
        double[] traffic = [.. Enumerable.Range(0, shape.Domains).Select(d => 400_000.0 / (d + 1.5))];
        long[][] domains = DomainLoads(shares, traffic, care, random);
        long[] load = [.. Enumerable.Range(0, shape.Experts).Select(e => domains.Sum(d => d[e]))];
        double[] q = [.. load.Select(n => n / (double)load.Sum())];
        double mean = 1.0 / shape.Experts;
        double information = Information(domains);
        return new LayerResult
        {
            Layer = layer,
            Load = load,
            SoftLoad = [.. load.Select(n => 0.5 * n)],
            DomainLoad = domains,
            Gini = Gini(q),
            MinMax = q.Min() / q.Max(),
            Cv = Math.Sqrt(q.Average(x => (x - mean) * (x - mean))) / mean,
            MaxVio = (q.Max() / mean) - 1,
            LoadEntropy = Entropy(q) / Math.Log(shape.Experts),
            RoutingEntropy = 0.55 * Math.Log(shape.Experts),
            Utilisation = q.Count(x => x > 0) / (double)shape.Experts,
            SoftGini = Gini(q),
            SpecialisationNats = information,
            Specialisation = information / Entropy([.. domains.Select(d => d.Sum() / (double)load.Sum())]),
            Margin = 0.4,
        };
    }

    /// <summary>Domains that lean to experts of their own, fitted by turns to the traffic of each domain and the share of each expert.</summary>
    private static long[][] DomainLoads(double[] shares, double[] traffic, double care, Random random)
    {
        double[][] pairs = [.. traffic.Select(_ => (double[])[.. shares.Select(s => s * Math.Exp(care * Gaussian(random)))])];
        for (int turn = 0; turn < 20; turn++)
        {
            for (int d = 0; d < pairs.Length; d++)
            {
                double scale = traffic[d] / pairs[d].Sum();
                pairs[d] = [.. pairs[d].Select(n => n * scale)];
            }

            double[] wanted = [.. shares.Select((s, e) => s * traffic.Sum() / pairs.Sum(d => d[e]))];
            pairs = [.. pairs.Select(d => (double[])[.. d.Select((n, e) => n * wanted[e])])];
        }

        return [.. pairs.Select(d => (long[])[.. d.Select(n => (long)Math.Round(n))])];
    }

    private static double[] Shares(double[] tilt, double spread, double noise, Random random)
    {
        double[] raw = [.. tilt.Select(t => Math.Exp((spread * t) + (noise * Gaussian(random))))];
        double sum = raw.Sum();
        return [.. raw.Select(x => x / sum)];
    }

    private static double Gini(double[] load)
    {
        double[] sorted = [.. load.Order()];
        return sorted.Select((n, i) => ((2 * (i + 1)) - sorted.Length - 1) * n).Sum() / (sorted.Length * sorted.Sum());
    }

    private static double Entropy(double[] q) => -q.Where(x => x > 0).Sum(x => x * Math.Log(x));

    private static double Information(long[][] domains)
    {
        double total = domains.Sum(d => d.Sum());
        double[] experts = [.. Enumerable.Range(0, domains[0].Length).Select(e => domains.Sum(d => d[e]) / total)];
        return domains.Sum(d => d.Select((n, e) => n == 0 ? 0 : n / total * Math.Log(n / total / (d.Sum() / total * experts[e]))).Sum());
    }

    private static string Domain(int index)
    {
        string[] names =
        [
            "System.Runtime", "Microsoft.AspNetCore.Mvc.Core", "System.Linq.Expressions", "System.Net.Http", "System.Text.Json", "System.Collections.Concurrent", "System.Security.Cryptography",
            "System.Runtime.Intrinsics", "Microsoft.Extensions.DependencyInjection.Abstractions", "System.Xml.ReaderWriter", "System.Threading.Tasks.Dataflow", "System.Numerics.Vectors",
            "System.Reflection.Metadata", "System.IO.Compression", "Microsoft.AspNetCore.Components", "System.Diagnostics.Process", "System.Console", "System.Memory", "System.Net.Sockets", "System.Text.RegularExpressions",
        ];
        return index < names.Length ? names[index] : $"Assembly.Number{index}";
    }

    private static double[] Gaussians(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => Gaussian(random))];

    private static double Gaussian(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private sealed record Kind(string Name, string Router, string Balance, double First, double Last, double Loss, long Parameters, double Microseconds);

    private sealed record Shape(int Layers, int Experts, int Domains, int Seeds, double[] BatchNoise);
}
