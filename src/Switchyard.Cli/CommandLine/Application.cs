using System.CommandLine;
using System.CommandLine.Parsing;
using Switchyard.Cli.Verbs;

namespace Switchyard.Cli.CommandLine;

/// <summary>The program: its verbs, and what happens to bad usage.</summary>
internal static class Application
{
    public static int Run(IReadOnlyList<string> args)
    {
        ParseResult parse = Root().Parse(args);
        if (parse.Errors.Count > 0 && parse.Action is not System.CommandLine.Help.HelpAction)
        {
            foreach (string message in parse.Errors.Select(e => e.Message).Distinct(StringComparer.Ordinal))
            {
                Console.Error.WriteLine($"switchyard: {message}");
            }

            string verb = string.Empty;
            for (SymbolResult? result = parse.CommandResult; result is CommandResult { Command: not RootCommand } command; result = command.Parent)
            {
                verb = $" {command.Command.Name}{verb}";
            }

            Console.Error.WriteLine($"switchyard{verb} --help shows what there is");
            return ExitCode.BadUsage;
        }

        return parse.Invoke(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(2), EnableDefaultExceptionHandler = false });
    }

    /// <summary>The program's verbs.</summary>
    public static RootCommand Root()
    {
        RootCommand root = new("Switchyard: train, balance and compare the routers of Mixture-of-Experts models.");
        root.Subcommands.Add(CompareVerb.Make());
        root.Subcommands.Add(TrainVerb.Make());
        root.Subcommands.Add(EvalVerb.Make());
        root.Subcommands.Add(ProfileVerb.Make());
        root.Subcommands.Add(GenerateVerb.Make());
        root.Subcommands.Add(TokenizeVerb.Make());
        root.Subcommands.Add(QuantizeVerb.Make());
        root.Subcommands.Add(RerouteVerb.Make());
        root.Subcommands.Add(PruneVerb.Make());
        root.Subcommands.Add(UpcycleVerb.Make());
        root.Subcommands.Add(CharacterizeVerb.Make());
        root.Subcommands.Add(ReportVerb.Make());
        root.Subcommands.Add(BenchVerb.Make());
        root.Subcommands.Add(ForwardVerb.Make());
        root.Subcommands.Add(InspectVerb.Make());
        NumberOptions.ReadIn(root);
        return root;
    }
}
