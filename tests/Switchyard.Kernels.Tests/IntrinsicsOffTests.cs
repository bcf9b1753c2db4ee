using System.Diagnostics;

namespace Switchyard.Kernels.Tests;

/// <summary>Runs the other tests again in child processes whose runtime hides instructions, so that every width is exercised on one machine.</summary>
public sealed class IntrinsicsOffTests
{
    private const string Child = "SWITCHYARD_TEST_CHILD";

    [Theory]
    [InlineData("DOTNET_EnableAVX512F", "0")]
    [InlineData("DOTNET_EnableAVX512", "0")]
    [InlineData("DOTNET_EnableAVX2", "0")]
    [InlineData("DOTNET_EnableHWIntrinsic", "0")]
    [InlineData("SWITCHYARD_JIT", "0")]
    [InlineData("SWITCHYARD_ISA", "avx2")]
    public async Task Everything_passes_with(string variable, string value)
    {
        if (Environment.GetEnvironmentVariable(Child) is not null)
            Assert.Skip("Already a child.");
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath!) is "dotnet")
            start.ArgumentList.Add(typeof(IntrinsicsOffTests).Assembly.Location);
        start.ArgumentList.Add("-class-");
        start.ArgumentList.Add(typeof(IntrinsicsOffTests).FullName!);
        start.Environment[Child] = "1";
        start.Environment[variable] = value;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{variable}={value}: exit code {process.ExitCode}\n{output}\n{await errors}");
    }
}
