using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace Switchyard.Tests;

public sealed class ReadmeTests
{
    /// <summary>The lines of the README's example stand below as they stand there, and do what is said of them.</summary>
    [Fact]
    public void The_example_of_the_readme_compiles_and_runs()
    {
        using var scope = NewDisposeScope();

        // begin
        using MoeLayer layer = new(new MoeLayerOptions
        {
            HiddenSize = 128, Experts = 16, TopK = 2, InnerSize = 64,
            Routing = RoutingRecipe.Parse("linear+dual"),
        });
        MoeLayerOutput output = layer.Run(randn(32, 128));
        Tensor loss = output.BalanceLoss is { } balance ? output.Output.square().mean() + balance : output.Output.square().mean();
        loss.backward();
        layer.AfterStep();                       // after each optimizer step: balancers with state
        // end

        Assert.Equal([32L, 128], output.Output.shape);
        Assert.True(layer.Router.parameters().All(p => p.grad is not null));
        string[] code = [.. File.ReadLines(SourcePath()).Select(l => l.Trim()).SkipWhile(l => l != "// begin").Skip(1).TakeWhile(l => l != "// end")];
        string[] readme = [.. File.ReadLines(Path.Combine(Golden.Root(), "README.md")).Select(l => l.Trim()).SkipWhile(l => l != "```csharp").Skip(1).TakeWhile(l => l != "```").SkipWhile(l => l.Length == 0 || l.StartsWith("using Switchyard", StringComparison.Ordinal) || l.StartsWith("using static", StringComparison.Ordinal))];
        Assert.NotEmpty(readme);
        Assert.Equal(readme, code);
    }

    private static string SourcePath([CallerFilePath] string path = "") => path;
}
