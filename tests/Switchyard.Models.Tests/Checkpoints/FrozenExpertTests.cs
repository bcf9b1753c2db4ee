using Switchyard.Models.Checkpoints;
using Switchyard.Models.Tests.Architectures;
using Switchyard.Models.Tests.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Checkpoints;

/// <summary>What flows through frozen experts to the routers.</summary>
public sealed class FrozenExpertTests
{
    public static TheoryData<string> Folders => GoldenModels.Data(GoldenModels.WithExperts);

    [Theory]
    [MemberData(nameof(Folders))]
    public void Gradients_of_the_routers_through_stored_weights_equal_those_through_the_same_in_fp32(string folder)
    {
        using var scope = NewDisposeScope();
        using MoeTransformer stored = GoldenModels.Load(folder);
        Assert.NotEmpty(stored.MoeLayers);
        using MoeTransformer wide = GoldenModels.Load(folder, trainable: true);
        AssertSameGradients(stored, wide, GoldenModels.Input(GoldenModels.Numbers(folder)).Tokens);
    }

    [Theory]
    [InlineData(8, 32)]
    [InlineData(8, 128)]
    [InlineData(4, 32)]
    [InlineData(4, 128)]
    public void The_same_of_experts_that_were_rounded_here(int bits, int group)
    {
        using var scope = NewDisposeScope();
        using TemporaryFolder folder = new();
        random.manual_seed(7);
        using (MoeTransformer made = new(new MoeTransformerOptions { VocabularySize = 256, HiddenSize = 48, Layers = 3, Heads = 2, KeyValueHeads = 2, HeadSize = 16, Experts = 4, TopK = 2, InnerSize = 24, SequenceLength = 64, InitialDeviation = 0.2 }))
        {
            made.Save(folder["model"]);
        }

        CheckpointQuantizer.Write(folder["model"], folder["small"], bits, group, TestContext.Current.CancellationToken);
        using MoeTransformer stored = MoeTransformer.Load(folder["small"]), wide = MoeTransformer.Load(folder["small"], new ModelLoadOptions { Trainable = true });
        AssertSameGradients(stored, wide, randint(0, 256, [2, 30], ScalarType.Int64));
    }

    private static void AssertSameGradients(MoeTransformer stored, MoeTransformer wide, Tensor tokens)
    {
        foreach (MoeTransformer model in (MoeTransformer[])[stored, wide])
        {
            foreach (MoeLayer layer in model.MoeLayers)
            {
                layer.Router.get_parameter("W_g")!.requires_grad_(true);
            }

            Tensor last = model.Encode(new TransformerInput(tokens)).Last;
            (last * cos(arange(last.numel(), ScalarType.Float32)).reshape(last.shape)).sum().backward();
        }

        for (int i = 0; i < stored.MoeLayers.Count; i++)
        {
            Tensor a = stored.MoeLayers[i].Router.get_parameter("W_g")!.grad!, b = wide.MoeLayers[i].Router.get_parameter("W_g")!.grad!;
            double error = ((a - b).norm() / b.norm()).item<float>();
            Assert.True(b.norm().item<float>() > 0 && error < 1e-3, $"layer {stored.MoeLayers[i].Options.Layer}: {error}");
        }
    }
}
