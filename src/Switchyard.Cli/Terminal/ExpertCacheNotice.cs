using System.CommandLine;
using Switchyard.Cli.CommandLine;
using Switchyard.Experts.Caching;
using Switchyard.Training.Reporting;

namespace Switchyard.Cli.Terminal;

/// <summary>Says at the end what the cache of experts did, where there was one.</summary>
internal static class ExpertCacheNotice
{
    public static void Write(ExpertCacheStatistics? statistics, ParseResult parse, CommonOptions common)
    {
        if (statistics is not null && common.Prints(parse))
        {
            Console.Out.WriteLine($"Expert cache: {ExpertCacheText.Of(statistics)}");
        }
    }
}
