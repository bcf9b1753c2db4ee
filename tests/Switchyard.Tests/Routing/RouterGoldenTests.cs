using System.Globalization;
using System.Text.RegularExpressions;
using Switchyard.Routing;
using static TorchSharp.torch;

namespace Switchyard.Tests.Routing;

public sealed partial class RouterGoldenTests
{
    private const double Tolerance = 1e-5;

    public static TheoryData<string> Files => RouterFiles.With("upstream");

    [Theory]
    [MemberData(nameof(Files))]
    public void Scores_and_gradients_are_those_of_the_formula_in_autograd(string file)
    {
        using var scope = NewDisposeScope();
        GoldenFile golden = Golden.Open(RouterFiles.Folder, file);
        Tensor x = golden.Tensor("x").requires_grad_();
        using Router router = Routers.All.Get(NameOf(file)).Create(OptionsOf(golden, file));
        GoldenParameters.Load(router, golden);

        Tensor scores = router.Score(x, RoutingContext.None).Scores;
        (scores * golden.Tensor("upstream")).sum().backward();

        Near.AssertClose(scores, golden.Tensor("scores"), Tolerance, "scores");
        GoldenParameters.AssertGradients(router, x, golden, Tolerance);
    }

    // `mlp-hadamard` and `attention-2-heads` both begin with the name of a router; the longest such name is meant.
    private static string NameOf(string file) =>
        Routers.All.Names.Where(n => file.StartsWith(n, StringComparison.Ordinal)).MaxBy(n => n.Length)
        ?? throw new InvalidDataException($"'{file}' begins with the name of no router");

    private static RouterOptions OptionsOf(GoldenFile golden, string file) => new()
    {
        HiddenSize = (int)golden.Tensor("x").shape[1],
        Experts = (int)golden.Tensor("scores").shape[1],
        TopK = 1,
        Bias = golden.Has("b"),
        KeySize = Rows(golden, "W_q", 64),
        HiddenWidth = Rows(golden, "W_1", 128),
        Heads = golden.Metadata.ContainsKey("heads") ? golden.Int("heads")
            : HeadsInName().Match(file) is { Success: true } match ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)
            : 1,
    };

    private static int Rows(GoldenFile golden, string name, int otherwise) =>
        golden.Has(name) ? (int)golden.Tensor(name).shape[0] : otherwise;

    [GeneratedRegex(@"(\d+)-heads", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex HeadsInName();
}
