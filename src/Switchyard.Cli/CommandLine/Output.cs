using System.CommandLine;
using System.Text;
using System.Text.Json;
using Switchyard.Training.Configuration;
using Switchyard.Training.Reporting;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;

namespace Switchyard.Cli.CommandLine;

/// <summary>Prints results.</summary>
internal static class Output
{
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

        int width = Console.IsOutputRedirected ? 160 : Math.Clamp(Console.WindowWidth, 80, 200);
        Console.Out.WriteLine(CompareTable.Render(result, width));
        Console.Out.WriteLine($"Report: {reportPath}");
    }

    /// <summary>Writes a value as JSON to the file or standard output of <c>--json</c>, if any.</summary>
    public static void WriteJson<T>(ParseResult parse, CommonOptions common, T value)
    {
        WriteJson(parse, common, stream => stream.Write(Encoding.UTF8.GetBytes(Text())), path => File.WriteAllText(path, Text()));

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
