using System.Text.Json.Nodes;
using Switchyard.Models.Files;
using Switchyard.Models.Tests.Architectures;
using Switchyard.Models.Tests.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Weights;

/// <summary>Scales of quantized weights in the types that checkpoints of others have them in: those of GPTQ and AWQ in fp16 or bf16, those of FP8 in fp32 or bf16.</summary>
public sealed class ScaleTypeTests : IDisposable
{
    private const string WeightsFile = "model.safetensors";
    private readonly TemporaryFolder _folder = new();

    /// <summary>Quantized models whose scales are grids of their own.</summary>
    public static TheoryData<string> Folders => GoldenModels.Data(GoldenModels.Quantized.Where(f => File.Exists(Path.Combine(Golden.Folder(f)!, WeightsFile))));

    [Theory]
    [MemberData(nameof(Folders))]
    public void Scales_of_one_value_give_the_same_bits_in_every_type(string folder)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer original = GoldenModels.Load(folder);
        Tensor tokens = GoldenModels.Numbers(folder).Tensor("input_ids").to(ScalarType.Int64);

        Tensor inBFloat16 = Logits(folder, tokens, s => s.to(ScalarType.BFloat16));
        Tensor inFloat32 = Logits(folder, tokens, s => s.to(ScalarType.BFloat16).to(ScalarType.Float32));

        Assert.True(inBFloat16.Equals(inFloat32));
        double error = Near.RelativeError(inBFloat16, original.Run(tokens).Logits);
        Assert.True(error is > 0 and < 0.3, $"{error}: rounded scales move the logits a little");
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void What_is_no_number_in_bf16_is_refused_and_named(string folder)
    {
        using var scope = NewDisposeScope();
        string? damaged = null;
        Write(folder, s =>
        {
            Tensor scales = s.to(ScalarType.BFloat16);
            scales[0, 0].fill_(float.PositiveInfinity);
            return scales;
        }, name => damaged ??= name);

        CheckpointFormatException e = Assert.Throws<CheckpointFormatException>(() => MoeTransformer.Load(_folder.Path));

        Assert.Equal(damaged, e.Tensor);
        Assert.Contains("scale 0 is no finite number", e.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private Tensor Logits(string folder, Tensor tokens, Func<Tensor, Tensor> convert)
    {
        Write(folder, convert, _ => null);
        using MoeTransformer model = MoeTransformer.Load(_folder.Path);
        return model.Run(tokens).Logits;
    }

    /// <summary>Writes a model with other scales; where names are picked, with one other scale.</summary>
    private void Write(string folder, Func<Tensor, Tensor> convert, Func<string, string?> pick)
    {
        string source = Golden.Folder(folder)!;
        JsonObject config = GoldenModels.Config(folder);
        File.WriteAllText(_folder["config.json"], config.ToJsonString());
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(source, WeightsFile));
        string[] scales = [.. file.Entries.Keys.Where(n => n.EndsWith(".scales", StringComparison.Ordinal) || n.EndsWith(".weight_scale_inv", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        string? one = scales.Select(pick).FirstOrDefault();
        HashSet<string> changed = new(one is null ? scales : [one], StringComparer.Ordinal);
        SafetensorsWriter.Write(_folder[WeightsFile], file.Entries.Keys.Select(n => changed.Contains(n) ? SafetensorsSource.Of(n, convert(file.Load(n))) : SafetensorsSource.Of(file, n)));
    }
}
