using System.Text;

namespace Switchyard.Cli.CommandLine;

/// <summary>Text from standard input.</summary>
internal static class StandardInput
{
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>All of it: what a file or pipe gives must be UTF-8; what is typed is as the terminal has it.</summary>
    /// <exception cref="ConfigurationException">It is not UTF-8.</exception>
    public static string ReadToEnd()
    {
        if (!Console.IsInputRedirected)
        {
            return Console.In.ReadToEnd();
        }

        using StreamReader reader = new(Console.OpenStandardInput(), s_strict);
        try
        {
            return reader.ReadToEnd();
        }
        catch (DecoderFallbackException e)
        {
            throw new ConfigurationException("standard input is not valid UTF-8: text must be UTF-8; convert it", e);
        }
    }
}
