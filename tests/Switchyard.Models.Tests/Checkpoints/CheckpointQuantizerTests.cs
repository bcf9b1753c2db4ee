using Switchyard.Kernels;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;
using Switchyard.Models.Tests.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Checkpoints;

public sealed class CheckpointQuantizerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(8, 32)]
    [InlineData(8, 128)]
    [InlineData(4, 32)]
    [InlineData(4, 128)]
    public void Experts_are_rounded_to_the_nearest_and_everything_else_is_as_it_was(int bits, int group)
    {
        Save(shared: 40);
        (long before, long after) = CheckpointQuantizer.Write(_folder["model"], _folder["small"], bits, group, TestContext.Current.CancellationToken);
        Assert.InRange(after, 1, before / (bits == 8 ? 2 : 4));

        using CheckpointTensors original = CheckpointTensors.Open(_folder["model"]), written = CheckpointTensors.Open(_folder["small"]);
        using MoeTransformer model = MoeTransformer.Load(_folder["small"]);
        int rounded = 0;
        foreach (string name in original.Names)
        {
            if (written.Has(name))
            {
                Assert.True(original.FileOf(name).Bytes(name).SequenceEqual(written.FileOf(name).Bytes(name)), name);
                continue;
            }

            rounded++;
            Assert.Contains("expert", name, StringComparison.Ordinal);
        }

        Assert.Equal(2 * 3 * (4 + 1), rounded);
        foreach (MoeLayer layer in model.MoeLayers)
        {
            string stem = $"model.layers.{layer.Options.Layer}.mlp.experts.2.down_proj.weight";
            float[] exact = original.FileOf(stem).Span<float>(stem).ToArray(), row = new float[24];
            for (int r = 0; r < 48; r++)
            {
                layer.Experts.Stored!.Down[2].WidenRow(r, row);
                float[] expected = Rounded(exact.AsSpan(r * 24, 24), bits, group);
                Assert.Equal(expected, row);
            }
        }
    }

    [Fact]
    public void Eight_bits_change_logits_little_and_saving_again_keeps_them()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Save(shared: 0);
        CheckpointQuantizer.Write(_folder["model"], _folder["small"], 8, 32, TestContext.Current.CancellationToken);
        using MoeTransformer exact = MoeTransformer.Load(_folder["model"]), rounded = MoeTransformer.Load(_folder["small"]);
        Tensor tokens = randint(0, 256, new long[] { 2, 20 }, ScalarType.Int64);
        Near.AssertClose(rounded.forward(tokens), exact.forward(tokens), 0.03);
        rounded.Save(_folder["again"]);
        using MoeTransformer again = MoeTransformer.Load(_folder["again"]);
        Assert.Equal(rounded.forward(tokens).data<float>().ToArray(), again.forward(tokens).data<float>().ToArray());
    }

    [Theory]
    [InlineData(8, 0)]
    [InlineData(4, 40)]
    public void Products_of_experts_follow_the_arithmetic_that_is_asked_for(int bits, int shared)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Save(shared);
        CheckpointQuantizer.Write(_folder["model"], _folder["small"], bits, 32, TestContext.Current.CancellationToken);
        Tensor tokens = randint(0, 256, new long[] { 2, 60 }, ScalarType.Int64);
        using MoeTransformer exact = MoeTransformer.Load(_folder["small"]), plain = MoeTransformer.Load(_folder["small"], new ModelLoadOptions { Arithmetic = Arithmetic.Fp32 });
        float[] expected = exact.forward(tokens).data<float>().ToArray();
        Assert.Equal(expected, plain.forward(tokens).data<float>().ToArray());

        using MoeTransformer rounded = MoeTransformer.Load(_folder["small"], new ModelLoadOptions { Arithmetic = Arithmetic.Int8 });
        if (!KernelEngine.Default.IsAssembled(Arithmetic.Int8))
        {
            Assert.Contains("arithmetic is int8", Assert.Throws<ConfigurationException>(() => rounded.forward(tokens)).Message, StringComparison.Ordinal);
            return;
        }

        // Of the median token: where two experts score alike, the other one may be chosen.
        Tensor logits = rounded.forward(tokens), difference = (logits - exact.forward(tokens)).norm(-1) / exact.forward(tokens).norm(-1);
        Assert.InRange(difference.median().item<float>(), 1e-6, 0.03);
    }

    [Fact]
    public void An_arithmetic_that_the_experts_do_not_take_is_refused()
    {
        Save(shared: 0);
        string message = Assert.Throws<ConfigurationException>(() => MoeTransformer.Load(_folder["model"], new ModelLoadOptions { Arithmetic = Arithmetic.Int8 })).Message;
        Assert.Contains("arithmetic is int8", message, StringComparison.Ordinal);
        Assert.Contains("those of layer 0 are fp32", message, StringComparison.Ordinal);
        Assert.Throws<ConfigurationException>(() => MoeTransformer.Load(_folder["model"], new ModelLoadOptions { Arithmetic = Arithmetic.Int8, Trainable = true }));
    }

    [Fact]
    public void What_is_quantized_already_or_has_no_experts_or_would_replace_something_is_refused_and_leaves_nothing()
    {
        Save(shared: 0);
        CheckpointQuantizer.Write(_folder["model"], _folder["small"], 8, 32, TestContext.Current.CancellationToken);
        Assert.Contains("already", Assert.Throws<CheckpointFormatException>(() => CheckpointQuantizer.Write(_folder["small"], _folder["other"], 8, 32, TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        Assert.Contains("already", Assert.Throws<IOException>(() => CheckpointQuantizer.Write(_folder["model"], _folder["small"], 8, 32, TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => CheckpointQuantizer.Write(_folder["model"], _folder["other"], 5, 32, TestContext.Current.CancellationToken));
        Assert.False(Directory.Exists(_folder["other"]));
        Assert.DoesNotContain(Directory.GetFileSystemEntries(_folder.Path), p => p.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void A_weight_that_is_no_number_is_an_error_that_names_the_tensor_and_leaves_nothing()
    {
        using var scope = NewDisposeScope();
        Save(shared: 0);
        string path = Path.Combine(_folder["model"], "model.safetensors"), damaged = "model.layers.1.mlp.experts.3.up_proj.weight";
        List<(string, Tensor)> tensors;
        using (SafetensorsFile file = SafetensorsFile.Open(path))
        {
            tensors = [.. file.Entries.Keys.Select(n => (n, file.Load(n)))];
        }

        tensors.Single(t => t.Item1 == damaged).Item2[5, 7] = float.NaN;
        SafetensorsWriter.Write(path, tensors);
        Assert.Equal(damaged, Assert.Throws<CheckpointFormatException>(() => CheckpointQuantizer.Write(_folder["model"], _folder["small"], 4, 32, TestContext.Current.CancellationToken)).Tensor);
        Assert.Equal(["model"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_read_is_not_copied_either()
    {
        using (MoeTransformer model = new(new MoeTransformerOptions { HiddenSize = 16, Layers = 2, Heads = 2, KeyValueHeads = 2, HeadSize = 8, Experts = 4, TopK = 2, InnerSize = 8 }))
        {
            model.Save(_folder["whole"]);
        }

        CheckpointPruner.Write(_folder["whole"], _folder["pruned"], [new(0, [0, 2, 3]), new(1, [1, 2, 3])], TestContext.Current.CancellationToken);
        string config = Path.Combine(_folder["pruned"], "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"num_experts\": 3", "\"num_experts\": 4", StringComparison.Ordinal));

        Assert.Contains("'switchyard.pruned' says that layer 0 has 3 experts", Assert.Throws<CheckpointFormatException>(() => CheckpointQuantizer.Check(_folder["pruned"], 8)).Message, StringComparison.Ordinal);
        Assert.Throws<CheckpointFormatException>(() => CheckpointQuantizer.Write(_folder["pruned"], _folder["small"], 8, 32, TestContext.Current.CancellationToken));
        Assert.False(Directory.Exists(_folder["small"]));
    }

    public void Dispose() => _folder.Dispose();

    private void Save(int shared)
    {
        using MoeTransformer model = new(new MoeTransformerOptions { VocabularySize = 256, HiddenSize = 48, Layers = 2, Heads = 2, KeyValueHeads = 2, HeadSize = 16, Experts = 4, TopK = 2, InnerSize = 24, SequenceLength = 64, SharedInnerSize = shared, InitialDeviation = 0.2 });
        model.Save(_folder["model"]);
    }

    private static float[] Rounded(ReadOnlySpan<float> row, int bits, int group)
    {
        float[] result = new float[row.Length];
        for (int k = 0; k < row.Length; k++)
        {
            float largest = 0;
            for (int i = k / group * group; i < Math.Min(row.Length, ((k / group) + 1) * group); i++)
            {
                largest = Math.Max(largest, Math.Abs(row[i]));
            }

            float scale = largest / (bits == 8 ? 127 : 7);
            result[k] = (float)Math.Round(row[k] / scale) * scale;
        }

        return result;
    }
}
