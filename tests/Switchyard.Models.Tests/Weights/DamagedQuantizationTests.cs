using System.Text.Json.Nodes;
using Switchyard.Models.Files;
using Switchyard.Models.Tests.Architectures;
using Switchyard.Models.Tests.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Weights;

/// <summary>Quantized checkpoints with one thing wrong.</summary>
public sealed class DamagedQuantizationTests : IDisposable
{
    private const string WeightsFile = "model.safetensors";
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("gptq", ".scales", "no finite number")]
    [InlineData("awq", ".scales", "no finite number")]
    [InlineData("fp8", ".weight_scale_inv", "no finite number")]
    public void A_scale_that_is_no_number_is_an_error_that_names_the_tensor(string method, string suffix, string message) =>
        AssertRefused(method, suffix, message, tensor => With(tensor, tensor.flatten()[0].fill_(float.NaN)));

    [Theory]
    [InlineData(-1)]
    [InlineData(1000)]
    public void A_group_index_out_of_range_is_an_error_that_names_the_tensor(int index) =>
        AssertRefused("gptq", ".g_idx", $"is {index}", tensor => With(tensor, tensor[^1].fill_(index)));

    [Theory]
    [InlineData("gptq", ".qzeros")]
    [InlineData("gptq", ".qweight")]
    [InlineData("awq", ".scales")]
    [InlineData("fp8", ".weight_scale_inv")]
    public void A_grid_of_another_shape_is_an_error_that_names_the_tensor(string method, string suffix) =>
        AssertRefused(method, suffix, "shape", tensor => tensor.narrow(1, 0, tensor.size(1) - 1));

    [Theory]
    [InlineData("gptq", ".scales")]
    [InlineData("awq", ".qweight")]
    [InlineData("fp8", ".weight_scale_inv")]
    public void A_grid_of_another_type_is_an_error_that_names_the_tensor(string method, string suffix) =>
        AssertRefused(method, suffix, "type", tensor => tensor.to(ScalarType.Float64));

    [Theory]
    [InlineData("gptq", "bits", "3", "bits is 3")]
    [InlineData("gptq", "group_size", "48", "groups of 48")]
    [InlineData("gptq", "group_size", "0", "group_size is 0")]
    [InlineData("gptq", "checkpoint_format", "\"marlin\"", "marlin")]
    [InlineData("gptq", "quant_method", "\"nf4\"", "nf4")]
    [InlineData("awq", "version", "\"gemv\"", "gemv")]
    [InlineData("awq", "group_size", "7", "groups of 7")]
    [InlineData("fp8", "weight_block_size", "[64, 64]", "[64, 64]")]
    public void A_variant_that_is_not_read_is_an_error_that_names_the_key_or_the_weight(string method, string key, string value, string message)
    {
        string folder = Copy(method);
        JsonObject config = GoldenModels.Config(folder);
        config["quantization_config"]![key] = JsonNode.Parse(value);
        File.WriteAllText(_folder["config.json"], config.ToJsonString());
        Assert.Contains(message, Assert.Throws<CheckpointFormatException>(() => MoeTransformer.Load(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gptq", ".qzeros")]
    [InlineData("awq", ".scales")]
    [InlineData("fp8", ".weight_scale_inv")]
    public void A_missing_grid_is_an_error_that_lists_it(string method, string suffix)
    {
        string name = Rewrite(Copy(method), suffix, _ => null);
        Assert.Contains(name, Assert.Throws<CheckpointFormatException>(() => MoeTransformer.Load(_folder.Path)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private void AssertRefused(string method, string suffix, string message, Func<Tensor, Tensor?> damage)
    {
        string name = Rewrite(Copy(method), suffix, damage);
        CheckpointFormatException e = Assert.Throws<CheckpointFormatException>(() => MoeTransformer.Load(_folder.Path));
        Assert.Equal(name, e.Tensor);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    /// <summary>Copies a model that is quantized by a method.</summary>
    private string Copy(string method)
    {
        string? folder = GoldenModels.Quantized.FirstOrDefault(f => (string?)GoldenModels.Config(f)["quantization_config"]!["quant_method"] == method);
        Assert.SkipWhen(folder is null, $"no reference model in {method} found");
        foreach (string name in (string[])["config.json", WeightsFile])
        {
            File.WriteAllBytes(_folder[name], File.ReadAllBytes(Path.Combine(Golden.Folder(folder)!, name)));
        }

        return folder;
    }

    /// <summary>Damages the last expert's first such tensor, and returns its name.</summary>
    private string Rewrite(string folder, string suffix, Func<Tensor, Tensor?> damage)
    {
        using var scope = NewDisposeScope();
        string source = Path.Combine(Golden.Folder(folder)!, WeightsFile);
        using SafetensorsFile file = SafetensorsFile.Open(source);
        string chosen = file.Entries.Keys.Where(n => n.Contains(".experts.", StringComparison.Ordinal) && n.EndsWith(suffix, StringComparison.Ordinal)).Order(StringComparer.Ordinal).Last();
        SafetensorsWriter.Write(_folder[WeightsFile], file.Entries.Keys.Where(n => n != chosen).Select(n => SafetensorsSource.Of(file, n))
            .Concat(damage(file.Load(chosen)) is { } tensor ? [SafetensorsSource.Of(chosen, tensor)] : []));
        return chosen;
    }

    /// <summary>A tensor of which a view has been changed.</summary>
    private static Tensor With(Tensor tensor, Tensor changed) => changed.numel() == 1 ? tensor : throw new ArgumentException("one element is changed", nameof(changed));
}
