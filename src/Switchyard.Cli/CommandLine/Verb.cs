using System.CommandLine;
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
    public static void UseThreads(ParseResult parse, CommonOptions common)
    {
        OpenMp.SleepBetweenRegions();
        LargeBlocks.Keep();
        LibTorch.Load();
        torch.set_num_threads(parse.GetValue(common.Threads) ?? Environment.ProcessorCount);
    }

    /// <summary>The device of <c>--device</c>.</summary>
    /// <exception cref="ConfigurationException">The machine does not have it.</exception>
    public static torch.Device Device(ParseResult parse, CommonOptions common)
    {
        torch.Device device = torch.device(parse.GetValue(common.Device)!);
        bool there = device.type switch
        {
            DeviceType.CUDA => torch.cuda.is_available() && Math.Max(0, device.index) < torch.cuda.device_count(),
            DeviceType.MPS => torch.mps_is_available(),
            _ => true,
        };
        return there ? device : throw new ConfigurationException($"--device {parse.GetValue(common.Device)}: torch sees no such device here");
    }

    /// <summary>The machine of a result.</summary>
    public static MachineInfo Machine(ParseResult parse, CommonOptions common) => ThisMachine.Describe(torch.get_num_threads(), parse.GetValue(common.Device)!);
}
