using Switchyard.Models.Files;
using static TorchSharp.torch;

namespace Switchyard.Cli.Tests.Verbs;

public sealed class ForwardTests : IDisposable
{
    private const double Tolerance = 1e-4;
    private readonly string _folder = Directory.CreateTempSubdirectory("switchyard-forward-").FullName;

    /// <summary>Folders with weights that are not quantized and numbers of their own, without padding.</summary>
    public static TheoryData<string> Models =>
    [
        .. Golden.Folders("models")
            .Where(f => File.Exists(Numbers(f)) && !File.ReadAllText(Path.Combine(Golden.Folder(f)!, "config.json")).Contains("quantization_config", StringComparison.Ordinal))
            .Where(f => !GoldenFile.Read(Numbers(f)).Has("attention_mask"))
            .DefaultIfEmpty(string.Empty),
    ];

    [Theory]
    [MemberData(nameof(Models))]
    public void It_writes_what_other_software_computed_under_the_same_names(string model)
    {
        Assert.SkipWhen(model.Length == 0, "no reference models found");
        using var scope = NewDisposeScope();
        string output = Path.Combine(_folder, "ours.safetensors");

        CommandRun run = CommandRun.Of("forward", Golden.Folder(model)!, "--input", Numbers(model), "--output", output, "--threads", "1");

        Assert.Equal((0, string.Empty), (run.ExitCode, run.Error));
        GoldenFile golden = GoldenFile.Read(Numbers(model));
        using SafetensorsFile ours = SafetensorsFile.Open(output);
        string[] compared = [.. golden.Names.Where(n => n is "logits" || n.Split('.')[0] is "hidden" or "router_logits" or "experts" or "weights")];
        foreach (string name in compared)
        {
            Near.AssertClose(ours.Load(name), golden.Tensor(name), name.StartsWith("experts", StringComparison.Ordinal) ? 0 : Tolerance, name);
        }

        Assert.Contains("logits", compared);
        Assert.True(ours.Entries.Count >= compared.Length);
    }

    [Fact]
    public void An_encoder_is_given_its_mask_and_kinds_by_name()
    {
        string model = Golden.Folders("models").FirstOrDefault(f => File.Exists(Numbers(f)) && GoldenFile.Read(Numbers(f)).Has("token_type_ids")) ?? string.Empty;
        Assert.SkipWhen(model.Length == 0, "no reference encoder found");
        using var scope = NewDisposeScope();
        string output = Path.Combine(_folder, "ours.safetensors");

        CommandRun run = CommandRun.Of("forward", Golden.Folder(model)!, "--input", Numbers(model), "--output", output, "--mask", "attention_mask", "--token-types", "token_type_ids", "--threads", "1");

        Assert.Equal(0, run.ExitCode);
        using SafetensorsFile ours = SafetensorsFile.Open(output);
        GoldenFile golden = GoldenFile.Read(Numbers(model));
        Near.AssertClose(ours.Load("logits"), golden.Tensor("logits"), Tolerance);
    }

    [Fact]
    public void What_is_left_out_of_the_checkpoint_is_said()
    {
        string? model = Golden.Folders("models").FirstOrDefault(f => File.ReadAllText(Path.Combine(Golden.Folder(f)!, "config.json")).Contains("num_nextn_predict_layers", StringComparison.Ordinal));
        Assert.SkipWhen(model is null, "no reference model with such layers found");

        CommandRun run = CommandRun.Of("forward", Golden.Folder(model!)!, "--input", Input(zeros(1, 3, ScalarType.Int64)), "--output", Path.Combine(_folder, "o.safetensors"), "--threads", "1");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("tensors are left out: layers that predict several tokens at once", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_input_exits_with_3_and_names_file_and_tensor()
    {
        string model = SomeModel();
        using var scope = NewDisposeScope();

        Fails(Input(zeros(1, 3)), "tensor 'input_ids'", "F32 [1, 3]");
        Fails(Input(zeros(3, ScalarType.Int64)), "I64 [3]");
        Fails(Input(full([1, 3], 1_000_000, ScalarType.Int64)), "it holds 1000000");
        Fails(Input(full([1, 3], -1, ScalarType.Int32)), "it holds -1");
        Fails(Input(zeros(1, 100_000, ScalarType.Int64)), "sequences have 100000 tokens");
        Fails(Path.Combine(_folder, "none.safetensors"), "none.safetensors");
        CommandRun.Of("forward", _folder, "--input", Input(zeros(1, 3, ScalarType.Int64)), "--output", "o").AssertFails(3, "config.json");

        void Fails(string input, params string[] parts) =>
            CommandRun.Of("forward", model, "--input", input, "--output", Path.Combine(_folder, "o.safetensors"), "--threads", "1").AssertFails(3, parts);
    }

    [Fact]
    public void Without_input_or_output_it_is_bad_usage() => CommandRun.Of("forward", "model").AssertFails(2, "--input", "--output");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Numbers(string model) => Path.Combine(Golden.Folder(model)!, "golden.safetensors");

    private static string SomeModel()
    {
        string model = Models.Select(m => m.Data).First();
        Assert.SkipWhen(model.Length == 0, "no reference models found");
        return Golden.Folder(model)!;
    }

    private string Input(Tensor tokens)
    {
        string path = Path.Combine(_folder, "input.safetensors");
        SafetensorsWriter.Write(path, [("input_ids", tokens), ("logits", zeros(1))]);
        return path;
    }
}
