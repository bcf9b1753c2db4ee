using System.Text;
using Switchyard.Dispatch;
using Switchyard.Experts;
using static TorchSharp.torch;

namespace Switchyard.Tests.Experts;

public sealed class AutoExecutorTests
{
    private static readonly ExecutorSituation Point = new()
    {
        Device = "cpu",
        Storage = "fp32",
        Backward = false,
        HiddenSize = 6,
        InnerSize = 8,
        Experts = 4,
        RowsPerExpert = 8,
        Imbalance = 1,
    };

    [Fact]
    public void The_shipped_table_knows_the_cpu_in_each_storage_and_direction()
    {
        ILookup<(string, string, bool), ExecutorChoice> choices = ExecutorTable.Default.Choices.ToLookup(c => (c.At.Device, c.At.Storage, c.At.Backward));

        Assert.All((string[])["fp32", "bf16"], storage => Assert.All((bool[])[false, true], backward => Assert.NotEmpty(choices[("cpu", storage, backward)])));
    }

    [Fact]
    public void The_nearest_point_in_ratios_answers()
    {
        ExecutorTable table = new([new("padded", Point), new("sequential", Point with { RowsPerExpert = 128 }), new("grouped-mm", Point with { Imbalance = 4 })]);

        Assert.Equal("padded", table.Choose(Point with { RowsPerExpert = 31 }, _ => true));
        Assert.Equal("sequential", table.Choose(Point with { RowsPerExpert = 33 }, _ => true));
        Assert.Equal("grouped-mm", table.Choose(Point with { Imbalance = 2.1 }, _ => true));
    }

    [Fact]
    public void What_does_not_accept_is_passed_over_and_what_was_not_measured_is_left_to_the_default()
    {
        ExecutorTable table = new([new("grouped-mm", Point), new("padded", Point with { HiddenSize = 6000 })]);

        Assert.Equal("padded", table.Choose(Point, name => name is not "grouped-mm"));
        Assert.Equal(Executors.Default, table.Choose(Point, _ => false));
        Assert.Equal(Executors.Default, table.Choose(Point with { Device = "cuda" }, _ => true));
        Assert.Equal(Executors.Default, table.Choose(Point with { Storage = "bf16" }, _ => true));
        Assert.Equal(Executors.Default, table.Choose(Point with { Backward = true }, _ => true));
    }

    [Fact]
    public void A_call_is_described_by_its_tensors_and_run_by_the_choice()
    {
        using var scope = NewDisposeScope();
        using ExpertWeights weights = Load.Weights(ExpertActivation.SwiGlu, bias: true, 4, 6, 8);
        DispatchedTokens tokens = Load.Dispatch(Load.Experts("zipf", 20, 2, 4), 4, 6);
        ExecutorSituation seen = ExecutorSituation.Of(tokens, weights);
        AutoExecutor executor = new(new ExecutorOptions(), new ExecutorTable([new("grouped-mm", seen), new("padded", seen with { Experts = 9 }), new("sequential", seen with { Backward = false })]));

        Assert.Equal(Point with { Backward = true, RowsPerExpert = 10, Imbalance = tokens.Plan.Counts.Max() / 10.0 }, seen);
        Assert.Equal("padded", executor.Choose(tokens, weights));
        Assert.Equal(4L * tokens.Plan.Counts.Max(), executor.ComputedRows(tokens, weights));
        Assert.True(executor.Run(tokens, weights).Equals(Executors.All.Get("padded").Create().Run(tokens, weights)));
        using var quiet = no_grad();
        Assert.Equal("sequential", executor.Choose(tokens, weights));
    }

    [Fact]
    public void A_table_that_was_written_is_read_again()
    {
        ExecutorTable table = new([new("grouped", Point), new("padded", Point with { Imbalance = 1.5 })]);
        using MemoryStream stream = new();

        table.Write(stream);
        stream.Position = 0;

        Assert.Equal(table.Choices, ExecutorTable.Read(stream).Choices);
        Assert.Equal(table.Choices.Count + 6, Encoding.UTF8.GetString(stream.ToArray()).Split('\n').Length);
    }

    [Theory]
    [InlineData("""{ "schema": "other/1", "choices": [] }""", "schema 'other/1'")]
    [InlineData("""{ "schema": "switchyard.executors/1" }""", "not as expected")]
    [InlineData("[", "not as expected")]
    [InlineData("""{ "schema": "switchyard.executors/1", "choices": [{ "executor": "auto", "at": { "device": "cpu", "storage": "fp32", "backward": true, "hiddenSize": 1, "innerSize": 1, "experts": 1, "rowsPerExpert": 1, "imbalance": 1 } }] }""", "names 'auto'")]
    [InlineData("""{ "schema": "switchyard.executors/1", "choices": [{ "executor": "padded", "at": { "device": "cpu", "storage": "fp32", "backward": true, "hiddenSize": 0, "innerSize": 1, "experts": 1, "rowsPerExpert": 1, "imbalance": 1 } }] }""", "not all positive")]
    [InlineData("""{ "schema": "switchyard.executors/1", "choices": [{ "executor": "padded", "at": { "device": "cpu" } }] }""", "not as expected")]
    public void A_table_that_is_wrong_is_refused_by_name(string json, string message)
    {
        using MemoryStream stream = new(Encoding.UTF8.GetBytes(json));

        Assert.Contains(message, Assert.Throws<ConfigurationException>(() => ExecutorTable.Read(stream)).Message, StringComparison.Ordinal);
    }
}
