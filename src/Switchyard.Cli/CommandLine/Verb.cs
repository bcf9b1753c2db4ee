using System.CommandLine;
using Switchyard.Kernels;
using Switchyard.Native;
using Switchyard.Training.Results;
using TorchSharp;

namespace Switchyard.Cli.CommandLine;

/// <summary>What all verbs share: options, threads, errors.</summary>
internal static class Verb
{
    /// <summary>Makes a command whose work runs with its threads set and whose exceptions become exit codes.</summary>
    public static Command Make(string name, string description, string example, CommonOptions common, Func<ParseResult, CancellationToken, int> run)
    {
        Command command = new(name, $"{description}{Environment.NewLine}{Environment.NewLine}Example: {example}");
        common.AddTo(command);
        command.SetAction((parse, cancellation) => Task.Run(() =>
        {
            try
            {
                if (parse.GetValue(common.Json) is { } json && !common.JsonToStandardOutput(parse))
                {
                    OutputFile.RequireWritable("--json", json);
                }

                return run(parse, cancellation);
            }
            catch (Exception error)
            {
                return Failure.Report(error, parse, common);
            }
        }));
        return command;
    }

    /// <summary>Loads torch and sets its threads.</summary>
    /// <param name="parse">What was said on the command line.</param>
    /// <param name="common">The options of every verb.</param>
    /// <param name="otherwise">Threads where the command line names none; null for as many as there are cores.</param>
    /// <exception cref="ConfigurationException">Another device than the CPU is asked for.</exception>
    public static void UseThreads(ParseResult parse, CommonOptions common, int? otherwise = null)
    {
        if (parse.GetValue(common.Device) is not "cpu" and { } device)
        {
            throw new ConfigurationException($"--device {device}: the command line trains and measures on the CPU alone so far; leave it out");
        }

        RequireKernelOptions();
        OpenMp.SleepBetweenRegions();
        LargeBlocks.Keep();
        LibTorch.Load();
        torch.set_num_threads(parse.GetValue(common.Threads) ?? otherwise ?? Environment.ProcessorCount);
    }

    /// <summary>Refuses environment variables of the kernels that say nothing they know.</summary>
    /// <exception cref="ConfigurationException">One does.</exception>
    public static void RequireKernelOptions()
    {
        try
        {
            _ = KernelOptions.FromEnvironment();
        }
        catch (ArgumentException e)
        {
            throw new ConfigurationException(e.Message, e);
        }
    }

    /// <summary>The machine of a result.</summary>
    public static MachineInfo Machine(ParseResult parse, CommonOptions common) => ThisMachine.Describe(torch.get_num_threads(), parse.GetValue(common.Device)!);
}
