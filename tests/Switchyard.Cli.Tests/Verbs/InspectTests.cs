using System.Text.Json.Nodes;
using Switchyard.Models.Files;
using Switchyard.Native;
using static TorchSharp.torch;

namespace Switchyard.Cli.Tests.Verbs;

public sealed class InspectTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("switchyard-inspect-").FullName;

    [Fact]
    public void It_tells_layout_and_need_of_every_checkpoint()
    {
        IReadOnlyList<string> models = Golden.Folders("models");
        Assert.SkipWhen(models.Count == 0, "no reference models found");
        foreach (string model in models)
        {
            CommandRun run = CommandRun.Of("inspect", Golden.Folder(model)!);
            bool quantized = File.ReadAllText(Path.Combine(Golden.Folder(model)!, "config.json")).Contains("quantization_config", StringComparison.Ordinal);

            Assert.Equal((0, string.Empty), (run.ExitCode, run.Error));
            Assert.Equal(quantized, run.Output.Contains("quantization   ", StringComparison.Ordinal));
            foreach (string part in (string[])["architecture   ", "memory to run  ", "tensors in "])
            {
                Assert.Contains(part, run.Output, StringComparison.Ordinal);
            }

            Assert.True(quantized || run.Output.Contains("runs           yes", StringComparison.Ordinal), model);
        }
    }

    [Fact]
    public void It_explains_what_it_cannot_run_and_fails_where_there_is_nothing()
    {
        using var scope = NewDisposeScope();
        LibTorch.Load();
        File.WriteAllText(Path.Combine(_folder, "config.json"), """{"model_type":"lama"}""");
        SafetensorsWriter.Write(Path.Combine(_folder, "model.safetensors"), [("layers.0.a", zeros(2)), ("layers.1.a", zeros(2)), ("b", zeros(3))]);

        CommandRun run = CommandRun.Of("inspect", _folder);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("no: model_type is 'lama'", run.Output, StringComparison.Ordinal);
        Assert.Contains("layers.{0-1}.a", run.Output, StringComparison.Ordinal);
        CommandRun.Of("inspect", Path.Combine(_folder, "none")).AssertFails(3, "config.json");
    }

    [Fact]
    public void Its_JSON_counts_what_a_token_uses()
    {
        string file = Path.Combine(_folder, "inspect.json");
        int counted = 0;
        foreach (string model in Golden.Folders("models"))
        {
            Assert.Equal(0, CommandRun.Of("inspect", Golden.Folder(model)!, "--json", file, "--quiet").ExitCode);
            JsonNode json = JsonNode.Parse(File.ReadAllText(file))!;
            Assert.Equal("switchyard.inspect/1", (string?)json["schema"]);
            if (json["moe"] is { } moe)
            {
                long idle = (long)moe["parametersOfAnExpert"]! * moe["moeLayers"]!.AsArray().Count * ((int)moe["experts"]! - (int)moe["topK"]!);
                Assert.Equal((long)json["parameters"]!, (long)json["activeParameters"]! + idle);
                counted++;
            }
        }

        Assert.SkipWhen(counted == 0, "no reference models found");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
