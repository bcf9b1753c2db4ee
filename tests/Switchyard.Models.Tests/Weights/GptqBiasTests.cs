using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;
using Switchyard.Models.Tests.Architectures;
using Switchyard.Models.Tests.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Weights;

/// <summary>Older GPTQ tools wrote a bias of zeros for every layer, also where the architecture has none.</summary>
public sealed class GptqBiasTests : IDisposable
{
    private const string Reason = "biases of zeros for layers that have none";
    private const string WeightsFile = "model.safetensors";
    private const string WeightSuffix = ".qweight";
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Folders => GoldenModels.Data(GoldenModels.Quantized.Where(f => (string?)GoldenModels.Config(f)["quantization_config"]!["quant_method"] == "gptq"));

    [Theory]
    [MemberData(nameof(Folders))]
    public void Biases_of_zeros_change_nothing_and_are_counted_as_left_out(string folder)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        int added = Write(folder, (stem, rows) => zeros(rows, ScalarType.Float16)).Count;
        using MoeTransformer original = GoldenModels.Load(folder);
        using MoeTransformer model = MoeTransformer.Load(_folder.Path, new ModelLoadOptions { RotaryRounding = ScalarType.BFloat16 });
        Tensor tokens = GoldenModels.Numbers(folder).Tensor("input_ids").to(ScalarType.Int64);

        Assert.True(added > 0);
        Assert.True(model.Run(tokens).Logits.Equals(original.Run(tokens).Logits));
        Assert.Equal(added, model.Source!.LeftOut[Reason]);
        CheckpointDescription description = CheckpointDescription.Of(_folder.Path);
        Assert.Null(description.CannotRun);
        Assert.Equal(added, description.LeftOut[Reason]);
        Assert.Equal(CheckpointDescription.Of(Golden.Folder(folder)!).Parameters, description.Parameters);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void A_bias_with_another_value_is_refused_and_named(string folder)
    {
        using var scope = NewDisposeScope();
        string? damaged = null;
        Write(folder, (stem, rows) =>
        {
            Tensor bias = zeros(rows, ScalarType.Float16);
            if (damaged is null)
            {
                damaged = stem + ".bias";
                bias[^1].fill_(0.25);
            }

            return bias;
        });

        CheckpointFormatException e = Assert.Throws<CheckpointFormatException>(() => MoeTransformer.Load(_folder.Path));

        Assert.Equal(damaged, e.Tensor);
        Assert.Contains("no bias in this architecture", e.Message, StringComparison.Ordinal);
        Assert.Contains(damaged!, CheckpointDescription.Of(_folder.Path).CannotRun, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void A_bias_of_another_size_is_unexpected(string folder)
    {
        using var scope = NewDisposeScope();
        Write(folder, (stem, rows) => zeros(rows + 1, ScalarType.Float16));

        Assert.Contains("unexpected", Assert.Throws<CheckpointFormatException>(() => MoeTransformer.Load(_folder.Path)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Writes a model with a bias beside every quantized matrix that has none, and returns their names.</summary>
    private List<string> Write(string folder, Func<string, long, Tensor> bias)
    {
        Assert.SkipWhen(folder.Length == 0, "no reference models found");
        File.Copy(Path.Combine(Golden.Folder(folder)!, "config.json"), _folder["config.json"]);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Golden.Folder(folder)!, WeightsFile));
        List<SafetensorsSource> added = [.. file.Entries.Values.Where(e => e.Name.EndsWith(WeightSuffix, StringComparison.Ordinal))
            .Select(e => (Stem: e.Name[..^WeightSuffix.Length], Rows: e.Shape[1]))
            .Where(t => !file.Entries.ContainsKey(t.Stem + ".bias"))
            .Select(t => SafetensorsSource.Of(t.Stem + ".bias", bias(t.Stem, t.Rows)))];
        SafetensorsWriter.Write(_folder[WeightsFile], file.Entries.Keys.Select(n => SafetensorsSource.Of(file, n)).Concat(added));
        return [.. added.Select(s => s.Name)];
    }
}
