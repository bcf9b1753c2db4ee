using System.CommandLine;
using System.Text;
using System.Text.Json;
using Switchyard.Models.Files;
using Switchyard.Training.Configuration;
using Switchyard.Training.Reporting;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;

namespace Switchyard.Cli.CommandLine;

/// <summary>Prints results.</summary>
internal static class Output
{
    /// <summary>Columns that a table may take: those of the terminal within limits, or enough for all where a file or pipe reads it.</summary>
    public static int Width => Console.IsOutputRedirected ? 160 : Math.Clamp(Console.WindowWidth, 80, 200);

    /// <summary>What a verb says that wrote a checkpoint: the JSON that was asked for, its table, and where the checkpoint is.</summary>
    public static void Checkpoint<T>(T result, Func<T, int, string> render, string folder, ParseResult parse, CommonOptions common)
    {
        WriteJson(parse, common, stream => ResultLine.Write(result, stream), path => ResultLine.Write(result, path));
        if (common.Prints(parse))
        {
            Console.Out.Write(render(result, Width));
            Console.Out.WriteLine(folder);
        }
    }

    /// <summary>Writes result and report into the run folder, then prints them.</summary>
    public static void Finish(CompareResult result, RunFolder folder, ParseResult parse, CommonOptions common)
    {
        CompareResultJson.Write(result, folder.ResultPath);
        CompareReport.Write(result, folder.ReportPath);
        Result(result, parse, common, folder.ReportPath);
    }

    /// <summary>The table, where the report is, and the JSON that was asked for.</summary>
    public static void Result(CompareResult result, ParseResult parse, CommonOptions common, string reportPath)
    {
        WriteJson(parse, common, stream => CompareResultJson.Write(result, stream), path => CompareResultJson.Write(result, path));
        if (!common.Prints(parse))
        {
            return;
        }

        Console.Out.WriteLine(CompareTable.Render(result, Width));
        Console.Out.WriteLine($"Report: {reportPath}");
    }

    /// <summary>Writes a value as JSON to the file or standard output of <c>--json</c>, if any.</summary>
    public static void WriteJson<T>(ParseResult parse, CommonOptions common, T value)
    {
        WriteJson(parse, common, stream => stream.Write(Encoding.UTF8.GetBytes(Text())), path => AtomicFile.WriteText(path, Text()));

        string Text() => JsonSerializer.Serialize(value, ConfigFile.Json) + "\n";
    }

    /// <summary>Writes JSON to the file or standard output of <c>--json</c>, if any.</summary>
    public static void WriteJson(ParseResult parse, CommonOptions common, Action<Stream> toStream, Action<string> toFile)
    {
        if (parse.GetValue(common.Json) is not { } path)
        {
            return;
        }

        if (common.JsonToStandardOutput(parse))
        {
            using Stream output = Console.OpenStandardOutput();
            toStream(output);
        }
        else
        {
            toFile(path);
        }
    }
}
