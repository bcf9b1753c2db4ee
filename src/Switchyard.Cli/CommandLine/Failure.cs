using System.CommandLine;
using Switchyard.Models.Chat;
using Switchyard.Models.Files;
using Switchyard.Training.Corpora;
using Switchyard.Training.Results;
using Switchyard.Training.Trainers;

namespace Switchyard.Cli.CommandLine;

/// <summary>Turns an exception into one clear line on standard error and an exit code.</summary>
internal static class Failure
{
    public static int Report(Exception error, ParseResult parse, CommonOptions common)
    {
        int code = error switch
        {
            OperationCanceledException => ExitCode.Interrupted,
            DivergenceException => ExitCode.Diverged,
            ConfigurationException or ChatTemplateException or CorpusException or CheckpointFormatException or ResultFormatException or FileNotFoundException or DirectoryNotFoundException => ExitCode.BadInput,
            _ => ExitCode.Failed,
        };
        Console.Error.WriteLine(error is OperationCanceledException ? "switchyard: interrupted" : $"switchyard: {OneLine(error)}");
        if (string.Equals(parse.GetValue(common.Verbosity), "debug", StringComparison.Ordinal))
        {
            Console.Error.WriteLine(error);
        }

        return code;
    }

    private static string OneLine(Exception error)
    {
        string text = error is IOException or UnauthorizedAccessException || IsOurs(error)
            ? error.Message
            : $"{error.GetType().Name}: {error.Message} (--verbosity debug shows where)";
        text = text.Replace("expertCacheBytes", ModelOptions.ExpertCacheName, StringComparison.Ordinal);
        int end = text.IndexOfAny(['\r', '\n']);
        return end < 0 ? text : text[..end];
    }

    private static bool IsOurs(Exception error) => error.GetType().Namespace?.StartsWith(nameof(Switchyard), StringComparison.Ordinal) == true;
}
