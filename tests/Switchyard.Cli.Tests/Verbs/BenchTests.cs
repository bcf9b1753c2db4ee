using System.Text.Json;

namespace Switchyard.Cli.Tests.Verbs;

public sealed class BenchTests
{
    public static TheoryData<string, string> Measurements => new()
    {
        { "bench router --shape small --tokens 3 --only linear --seconds 0 --threads 1", "router" },
        { "bench executor --shape small --tokens 3 --only grouped --seconds 0 --threads 1", "executor" },
        { "bench layer --shape small --tokens 3 --only grouped --seconds 0 --threads 1", "layer" },
        { "bench layer --shape small --tokens 3 --only grouped --storage bf16,int8 --arithmetic default,fp32 --load zipf:1 --seconds 0 --threads 1", "layer" },
        { "bench product --shape 20x30 --tokens 3 --seconds 0 --threads 1", "product" },
    };

    [Theory]
    [MemberData(nameof(Measurements))]
    public void Every_measurement_ends_in_rows_of_json_with_a_time_and_a_peer(string command, string what)
    {
        JsonElement json = Json(command);
        Assert.Equal("switchyard.bench/1", json.GetProperty("schema").GetString());
        JsonElement[] rows = [.. json.GetProperty("rows").EnumerateArray()];
        Assert.NotEmpty(rows);
        Assert.All(rows, row =>
        {
            Assert.Equal(what, row.GetProperty("what").GetString());
            Assert.True(row.GetProperty("milliseconds").GetDouble() > 0);
            Assert.False(string.IsNullOrEmpty(row.GetProperty("peer").GetString()));
        });
    }

    [Fact]
    public void The_roofline_gives_the_limits_of_each_number_of_threads()
    {
        JsonElement limits = Json("bench roofline --threads 1").GetProperty("roofline")[0];
        Assert.Equal(1, limits.GetProperty("threads").GetInt32());
        Assert.True(limits.GetProperty("fp32Gops").GetDouble() > 0);
        Assert.True(limits.GetProperty("readGBps").GetDouble() > 0);
    }

    [Fact]
    public void A_shape_that_is_no_product_is_bad_usage() =>
        CommandRun.Of("bench", "product", "--shape", "20by30").AssertFails(2, "20by30", "2048x1408");

    [Fact]
    public void What_cannot_be_measured_is_bad_usage_and_said_before_anything_runs()
    {
        CommandRun.Of("bench", "executor", "--only", "groupd").AssertFails(2, "groupd", "did you mean 'grouped'");
        CommandRun.Of("bench", "router", "--only", "linear,atention").AssertFails(2, "did you mean 'attention'");
        CommandRun.Of("bench", "router", "--storage", "int8").AssertFails(2, "switchyard bench router --help");
        CommandRun.Of("bench", "product", "--disassemble", "--json", "-").AssertFails(2, "--disassemble");
        CommandRun.Of("bench", "layer", "--load", "zip:1").AssertFails(2, "zip:1");
        CommandRun.Of("bench", "roofline", "--isa", "avx").AssertFails(2, "did you mean 'avx2'");
        CommandRun.Of("bench", "executor", "--write-table", Path.Combine(Path.GetTempPath(), "no-such-folder", "table.json")).AssertFails(3, "--write-table");
    }

    [Fact]
    public async Task The_limit_of_the_instructions_reaches_the_kernels()
    {
        CommandRun run = await CommandRun.OwnProcessAsync("bench", "product", "--disassemble", "--isa", "portable");
        run.AssertFails(3, "nothing is assembled here");
    }

    [Theory]
    [InlineData("gptq-int4")]
    [InlineData("awq-int4")]
    public void Layouts_with_groups_are_timed_at_inner_sizes_below_a_group(string storage) =>
        Assert.NotEqual(0, Json($"bench executor --shape quick --tokens 3 --storage {storage} --only grouped --seconds 0 --threads 1").GetProperty("rows").GetArrayLength());

    private static JsonElement Json(string command)
    {
        string file = Path.GetTempFileName();
        try
        {
            CommandRun run = CommandRun.Of([.. command.Split(' '), "--json", file]);
            Assert.Equal(0, run.ExitCode);
            Assert.NotEmpty(run.Output);
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(file));
            return document.RootElement.Clone();
        }
        finally
        {
            File.Delete(file);
        }
    }
}
