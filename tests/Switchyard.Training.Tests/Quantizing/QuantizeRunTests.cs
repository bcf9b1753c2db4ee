using Switchyard.Models;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Profiles;
using Switchyard.Training.Quantizing;
using Switchyard.Training.Tests.Corpora;
using Switchyard.Training.Tests.Profiles;
using static TorchSharp.torch;

namespace Switchyard.Training.Tests.Quantizing;

public sealed class QuantizeRunTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("switchyard-test-").FullName;

    public static TheoryData<string> Models() => [.. Golden.Folders("models").Where(ArchitectureProfileTests.IsPlainDecoder).DefaultIfEmpty(string.Empty)];

    [Theory]
    [MemberData(nameof(Models))]
    public void Every_architecture_is_calibrated_and_no_layer_is_worse_than_rounded_to_the_nearest(string folder)
    {
        const int Least = 40;
        Assert.SkipWhen(folder.Length == 0, "no reference models found");
        using var scope = NewDisposeScope();
        using MoeTransformer model = MoeTransformer.Load(Golden.Folder(folder)!);
        QuantizeRequest request = new() { Model = folder, Output = Path.Combine(_folder, "small"), Bits = 8, LeastTokens = Least, Calibration = TinyModel.Text() };
        TextWindows text = new(TinyModel.Text(), new ByteTokenizer(), TextOptions.For(64, 32, null), model.Options.VocabularySize);
        using Calibration calibration = new(model, request, text, null, TestContext.Current.CancellationToken);
        if (Fused(Golden.Folder(folder)!))
        {
            Assert.ThrowsAny<Exception>(() => CheckpointQuantizer.Write(model, request.Output, 8, 32, calibration.Round, TestContext.Current.CancellationToken));
            Assert.False(Path.Exists(request.Output));
            return;
        }

        CheckpointQuantizer.Write(model, request.Output, 8, 32, calibration.Round, TestContext.Current.CancellationToken);
        Assert.Equal(model.MoeLayers.Select(l => l.Options.Layer), calibration.Layers.Select(l => l.Layer));
        Assert.All(calibration.Layers, l =>
        {
            Assert.Equal(calibration.Tokens * model.Options.TopK, l.Routed.Sum());
            Assert.All(l.Routed.Zip(l.Added), n => Assert.Equal(Math.Max(Math.Min(Least, calibration.Tokens), n.First), n.First + n.Second));
            Assert.InRange(l.Error.Calibrated, 0, l.Error.Plain);
            Assert.InRange(l.Error.Plain, 1e-12, 1e-3 * l.Error.Output);
        });
        using MoeTransformer written = MoeTransformer.Load(request.Output), original = MoeTransformer.Load(Golden.Folder(folder)!);
        Tensor tokens = arange(60, ScalarType.Int64).view(2, 30);
        Tensor expected = original.forward(tokens);
        Assert.InRange((written.forward(tokens) - expected).norm().item<float>(), 0, 0.1f * expected.norm().item<float>());
    }

    [Fact]
    public void The_tokens_nearest_to_an_expert_are_those_that_its_biased_score_is_nearest_to_being_chosen_by()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        random.manual_seed(3);
        using MoeLayer layer = new(new MoeLayerOptions { HiddenSize = 8, Experts = 4, TopK = 1, InnerSize = 4, InitialDeviation = 0.5, Routing = RoutingRecipe.Parse("linear+bias") });
        Tensor bias = tensor([0f, 2, -1, -3]), x = randn(50, 8);
        layer.Balancer.get_buffer("bias")!.copy_(bias);
        layer.eval();
        using LayerInputs inputs = new(layer.Routing);
        layer.Run(x, observer: inputs);

        Tensor biased = layer.Router.Score(x, Routing.RoutingContext.None).Scores + bias;
        Tensor distance = biased.select(1, 3) - biased.max(1).values;
        long[] byDistance = distance.argsort(descending: true).data<long>().ToArray(), routed = distance.eq(0).nonzero().flatten().data<long>().ToArray();
        (Tensor sent, Tensor near) = inputs.Tokens(20).Of(3);
        Assert.Equal(routed, sent.data<long>().ToArray());
        Assert.Equal(byDistance.Except(routed).Take(20 - routed.Length), near.data<long>().ToArray());
    }

    [Fact]
    public void On_the_text_of_the_calibration_logits_change_less_than_by_rounding_to_the_nearest()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        QuantizeResult plain = Run(Request("plain") with { Bits = 8, Calibration = null }), calibrated = Run(Request("calibrated") with { Bits = 8 });
        Assert.Empty(plain.Layers);
        Assert.Equal(plain.ExpertBytesAfter, calibrated.ExpertBytesAfter);
        Assert.Equal(plain.LossBefore, calibrated.LossBefore);
        double[] changes = [.. ((string[])[plain.Output, calibrated.Output]).Select(Change)];
        Assert.True(changes[1] < 0.9 * changes[0], $"{changes[0]} to the nearest, {changes[1]} calibrated");
    }

    [Fact]
    public void All_but_the_experts_is_as_it_was_and_the_copy_has_a_file_for_each_layer()
    {
        QuantizeResult result = Run(Request("small"));
        using CheckpointTensors before = CheckpointTensors.Open(Model()), after = CheckpointTensors.Open(result.Output);
        Assert.Equal(3, after.Files.Count);
        string[] kept = [.. before.Names.Where(n => !n.Contains(".experts.", StringComparison.Ordinal))];
        Assert.All(kept, n => Assert.True(before.FileOf(n).Bytes(n).SequenceEqual(after.FileOf(n).Bytes(n)), n));
        Assert.Equal(kept.Length + (2 * 2 * 3 * 8), after.Names.Count);
        Assert.Equal(result.ExpertBytesAfter, after.Names.Except(kept).Sum(n => after.Entry(n).ByteLength));
    }

    [Fact]
    public void The_same_request_gives_the_same_bytes()
    {
        string first = Run(Request("first")).Output, second = Run(Request("second")).Output;
        foreach (string path in Directory.GetFiles(first))
        {
            Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(Path.Combine(second, Path.GetFileName(path))));
        }
    }

    [Fact]
    public void An_expert_with_few_tokens_gets_those_that_were_nearest_to_being_sent_to_it()
    {
        using var scope = NewDisposeScope();
        Tensor margins = tensor(new float[] { 0, -3, -1, -2, 0, -5 }, [6, 1]), chosen = tensor(new[] { true, false, false, false, true, false }, [6, 1]);
        AssertAdds(4, 2, 3);
        AssertAdds(2);
        AssertAdds(100, 2, 3, 1, 5);

        void AssertAdds(int least, params long[] expected)
        {
            (Tensor routed, Tensor added) = new CalibrationTokens(margins, chosen, least).Of(0);
            Assert.Equal([0, 4], routed.data<long>().ToArray());
            Assert.Equal(expected, added.data<long>().ToArray());
        }
    }

    [Fact]
    public void What_cannot_be_done_is_said_and_leaves_nothing()
    {
        Assert.Contains("there already", Assert.Throws<ConfigurationException>(() => Run(Request("x") with { Output = Model() })).Message, StringComparison.Ordinal);
        Assert.Contains("nothing to calibrate on", Assert.Throws<ConfigurationException>(() => Run(Request("x") with { Calibration = new ListCorpus() })).Message, StringComparison.Ordinal);
        QuantizeResult small = Run(Request("small"));
        Assert.Contains("already", Assert.Throws<CheckpointFormatException>(() => Run(Request("x") with { Model = small.Output })).Message, StringComparison.Ordinal);
        using CancellationTokenSource stop = new();
        Stop progress = new(stop);
        Assert.ThrowsAny<OperationCanceledException>(() => QuantizeRun.Run(Request("x"), TinyModel.Machine, progress, stop.Token));
        Assert.Equal(["model", "small"], Directory.GetFileSystemEntries(_folder).Select(Path.GetFileName).Order());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static bool Fused(string folder)
    {
        using CheckpointTensors tensors = CheckpointTensors.Open(folder);
        return tensors.Names.Any(n => n.Contains("gate_up_proj", StringComparison.Ordinal));
    }

    private static QuantizeResult Run(QuantizeRequest request) => QuantizeRun.Run(request, TinyModel.Machine, cancellation: TestContext.Current.CancellationToken);

    private QuantizeRequest Request(string output) => new() { Model = Model(), Output = Path.Combine(_folder, output), Bits = 4, Calibration = TinyModel.Text(), Judge = TinyModel.Text(), Context = 16 };

    private string Model()
    {
        string folder = Path.Combine(_folder, "model");
        if (!Directory.Exists(folder))
        {
            using MoeTransformer model = TinyModel.Make();
            model.Save(folder);
        }

        return folder;
    }

    /// <summary>‖logits − those of the original‖ over the text.</summary>
    private double Change(string folder)
    {
        using MoeTransformer original = MoeTransformer.Load(Model()), model = MoeTransformer.Load(folder);
        return TinyModel.Text().Read(TestContext.Current.CancellationToken).Sum(d =>
        {
            Tensor tokens = tensor(d.Text.Take(16).Select(c => (long)c).ToArray()).unsqueeze(0);
            return (double)(model.forward(tokens) - original.forward(tokens)).square().sum().item<float>();
        });
    }

    private sealed class Stop(CancellationTokenSource source) : IProgress<ProfileProgress>
    {
        public void Report(ProfileProgress value) => source.Cancel();
    }
}
