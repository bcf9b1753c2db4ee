using System.Diagnostics;

namespace Switchyard.TestSupport;

/// <summary>Runs tests of an assembly again in a child process whose environment hides instructions, so that every width is exercised on one machine.</summary>
internal static class ChildTests
{
    private const string Child = "SWITCHYARD_TEST_CHILD";

    /// <summary>Asserts that they pass. In a child itself the test is skipped.</summary>
    /// <param name="test">The class that asks, which the child leaves out.</param>
    /// <param name="variable">What is set in the child.</param>
    /// <param name="value">To what.</param>
    /// <param name="classes">The classes to run, <c>*</c> at the end for all that begin so; none for all there are.</param>
    public static async Task AssertPassAsync(Type test, string variable, string value, params string[] classes)
    {
        if (Environment.GetEnvironmentVariable(Child) is not null)
        {
            Assert.Skip("Already a child.");
        }

        ProcessStartInfo start = new(Environment.ProcessPath!)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath!) is "dotnet")
        {
            start.ArgumentList.Add(test.Assembly.Location);
        }

        foreach (string argument in classes.SelectMany(c => (string[])["-class", c]).Concat(["-class-", test.FullName!]))
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment[Child] = "1";
        start.Environment[variable] = value;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{variable}={value}: exit code {process.ExitCode}\n{output}\n{await errors}");
    }
}
