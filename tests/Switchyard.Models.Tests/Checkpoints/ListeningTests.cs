using Switchyard.Metrics;
using Switchyard.Models.Tests.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Checkpoints;

/// <summary>Who is told what a model does.</summary>
public sealed class ListeningTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_logger_is_told_what_was_loaded_and_an_observer_what_was_routed()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using (MoeTransformer made = new(new MoeTransformerOptions
        {
            VocabularySize = 20,
            HiddenSize = 16,
            Layers = 2,
            Heads = 2,
            KeyValueHeads = 2,
            HeadSize = 8,
            SequenceLength = 32,
            Moe = new MoeLayerOptions { HiddenSize = 16, Experts = 4, TopK = 2, InnerSize = 8 },
        }))
        {
            made.Save(_folder.Path);
        }

        ListedLogger logger = new();
        using MoeTransformer model = MoeTransformer.Load(_folder.Path, new ModelLoadOptions { Logger = logger, ExpertCacheBytes = 1 << 20 });
        LoadRecorder always = new(), given = new();
        model.Observer = always;
        model.Run(randint(0, 20, [2, 8], ScalarType.Int64));
        model.Run(randint(0, 20, [1, 5], ScalarType.Int64), given);

        Assert.Equal(2, logger.Lines.Count);
        Assert.Contains($"loaded qwen3_moe from '{_folder.Path}': 2 layers, 2 of them MoE, {model.TotalParameters} parameters", logger.Lines[0].Text, StringComparison.Ordinal);
        Assert.Contains("through a cache of 1048576 bytes", logger.Lines[1].Text, StringComparison.Ordinal);
        Assert.Equal([0, 1], always.Layers);
        Assert.Equal(42, always.Load(1).ToArray().Sum());
        Assert.Equal(10, given.Load(1).ToArray().Sum());
    }

    public void Dispose() => _folder.Dispose();
}
