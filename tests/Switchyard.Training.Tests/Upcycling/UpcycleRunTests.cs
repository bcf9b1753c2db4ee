using System.Text.Json;
using Switchyard.Models;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Profiles;
using Switchyard.Training.Results;
using Switchyard.Training.Tests.Corpora;
using Switchyard.Training.Tests.Profiles;
using Switchyard.Training.Upcycling;

namespace Switchyard.Training.Tests.Upcycling;

/// <summary>Dense checkpoints that are given experts and judged.</summary>
public sealed class UpcycleRunTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("switchyard-test-").FullName;

    [Theory]
    [InlineData(UpcycleMethod.Copy, 2)]
    [InlineData(UpcycleMethod.Split, 4)]
    public void The_new_checkpoint_has_the_loss_of_the_original_and_more_parameters(UpcycleMethod by, int topK)
    {
        UpcycleResult result = Run(Request() with { Options = new UpcycleOptions { Experts = 4, TopK = topK, By = by, Layers = [1] } });
        using MoeTransformer before = MoeTransformer.Load(Dense()), after = MoeTransformer.Load(result.Output);
        TextOptions windows = TextOptions.For(64, 16, null);
        Assert.Equal(TextEvaluation.Run(before, new ByteTokenizer(), TinyModel.Text(), windows, cancellation: TestContext.Current.CancellationToken).Loss, result.Before.Loss!.Value, 1e-9);
        Assert.Equal(result.Before.Loss.Value, result.After.Loss!.Value, 1e-5);
        Assert.Equal(("qwen3", "qwen3_moe"), (result.Before.Architecture, result.After.Architecture));
        Assert.Equal((0, 1), (result.Before.MoeLayers, result.After.MoeLayers));
        Assert.Equal([1], result.Layers);
        Assert.Equal((before.TotalParameters, before.TotalParameters), (result.Before.Parameters, result.Before.ActiveParameters));
        Assert.Equal((after.TotalParameters, after.ActiveParameters), (result.After.Parameters, result.After.ActiveParameters));
        Assert.Equal(new FileInfo(Path.Combine(result.Output, "model.safetensors")).Length, result.After.Bytes, 8192.0);
        Assert.Equal(by == UpcycleMethod.Split ? 6 : 24, result.InnerSize);
    }

    [Fact]
    public void Without_a_text_nothing_is_judged()
    {
        UpcycleResult result = Run(Request() with { Judge = null });
        Assert.Equal((null, null, null, 0L), (result.Before.Loss, result.After.Perplexity, result.JudgeText, result.JudgedTokens));
        using MemoryStream stream = new();
        ResultLine.Write(result, stream);
        using JsonDocument json = JsonDocument.Parse(stream.ToArray());
        Assert.Equal("switchyard.upcycle/1", json.RootElement.GetProperty("schema").GetString());
        Assert.Equal(JsonValueKind.Null, json.RootElement.GetProperty("before").GetProperty("loss").ValueKind);
        Assert.Equal("copy", json.RootElement.GetProperty("by").GetString());
    }

    [Fact]
    public void What_cannot_be_done_is_said_before_any_text_is_read_and_leaves_nothing()
    {
        ListCorpus text = new(("a", "some text"));
        AssertSays("topK is 9", Request() with { Options = new UpcycleOptions { Experts = 4, TopK = 9 }, Judge = text });
        AssertSays("there already", Request() with { Output = Dense(), Judge = text });
        AssertSays("longest sequence", Request() with { Context = 999, Judge = text });
        Assert.Equal(0, text.Readings);
        AssertSays("two tokens", Request() with { Judge = new ListCorpus(("a", "x")) });
        using CancellationTokenSource stop = new();
        stop.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => UpcycleRun.Run(Request() with { Judge = null }, TinyModel.Machine, cancellation: stop.Token));
        Assert.Equal([Dense()], Directory.GetFileSystemEntries(_folder));

        void AssertSays(string part, UpcycleRequest request) => Assert.Contains(part, Assert.Throws<ConfigurationException>(() => Run(request)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static UpcycleResult Run(UpcycleRequest request) => UpcycleRun.Run(request, TinyModel.Machine, cancellation: TestContext.Current.CancellationToken);

    private UpcycleRequest Request() => new() { Model = Dense(), Output = Path.Combine(_folder, "new"), Options = new UpcycleOptions { Experts = 4, TopK = 2 }, Judge = TinyModel.Text(), Context = 16 };

    private string Dense()
    {
        string folder = Path.Combine(_folder, "dense");
        if (!Directory.Exists(folder))
        {
            TinyModel.SaveDense(folder);
        }

        return folder;
    }
}
