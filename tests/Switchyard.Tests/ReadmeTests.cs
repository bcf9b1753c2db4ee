using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace Switchyard.Tests;

public sealed class ReadmeTests
{
    /// <summary>The words of the README's example stand below as they stand there, and do what is said of them.</summary>
    [Fact]
    public void The_example_of_the_readme_compiles_and_runs()
    {
        using var scope = NewDisposeScope();

        // begin
        using MoeLayer layer = new(new MoeLayerOptions
        {
            HiddenSize = 128,
            Experts = 16,
            TopK = 2,
            InnerSize = 64,
            Routing = RoutingRecipe.Parse("linear+dual"),
        });
        MoeLayerOutput output = layer.Run(randn(32, 128));
        Tensor loss = output.BalanceLoss is { } balance ? output.Output.square().mean() + balance : output.Output.square().mean();
        loss.backward();
        layer.AfterStep();                       // after each optimizer step: balancers with state
        // end

        Assert.Equal([32L, 128], output.Output.shape);
        Assert.True(layer.Router.parameters().All(p => p.grad is not null));
        string readme = Between(Path.Combine(Golden.Root(), "README.md"), "```csharp", "```");
        Assert.StartsWith("using Switchyard; using static TorchSharp.torch; ", readme, StringComparison.Ordinal);
        Assert.EndsWith($"; {Between(SourcePath(), "// begin", "// end")}", readme, StringComparison.Ordinal);
    }

    /// <summary>The lines of a file from one to another, as words with a space between them.</summary>
    private static string Between(string path, string begin, string end) => string.Join(
        ' ',
        File.ReadLines(path).Select(l => l.Trim()).SkipWhile(l => l != begin).Skip(1).TakeWhile(l => l != end).SelectMany(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)));

    private static string SourcePath([CallerFilePath] string path = "") => path;
}
