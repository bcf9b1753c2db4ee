using BenchmarkDotNet.Running;
using Switchyard.Benchmarks.Training;
using Switchyard.Native;

// Everything runs in this process: a benchmark of one torch call needs no build of its own, and threads that wait must not spin beside those that work.
OpenMp.SleepBetweenRegions();
LibTorch.EnsureLoadable();
if (args is ["memory", string presets, string rows])
{
    StepMemory.Run(presets, rows);
    return;
}

string[] arguments = args.Contains("--inProcess") || args.Contains("-i") ? args : [.. args, "--inProcess"];
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(arguments);
