using Spectre.Console;
using Switchyard.Models.Generation;

namespace Switchyard.Cli.Terminal;

/// <summary>Writes a prompt and its continuation as it comes, each token in the colour of its expert where asked for; nothing before the first token, so that a prompt that is refused is not shown.</summary>
internal sealed class TokenWriter(string prompt, bool colours)
{
    private readonly bool _coloured = colours && AnsiConsole.Profile.Capabilities.Ansi;
    private readonly SortedDictionary<int, int> _used = [];
    private bool _begun;

    public void Write(GeneratedToken token)
    {
        if (!_begun)
        {
            Console.Out.Write(prompt);
            _begun = true;
        }

        if (token.Experts is [.., int expert])
        {
            _used[expert] = _used.GetValueOrDefault(expert) + 1;
            if (_coloured)
            {
                Console.Out.Write($"{Escape(expert)}{token.Text}\e[0m");
                return;
            }
        }

        Console.Out.Write(token.Text);
        Console.Out.Flush();
    }

    /// <summary>Ends the line; with colours, says which is which.</summary>
    public void End()
    {
        if (!_begun)
        {
            return;
        }

        Console.Out.WriteLine();
        if (colours && _used.Count > 0)
        {
            Console.Out.WriteLine("Tokens by expert of the last MoE layer: " + string.Join(", ", _used.Select(u => _coloured ? $"{Escape(u.Key)}expert {u.Key}\e[0m {u.Value}" : $"expert {u.Key} {u.Value}")));
        }
    }

    /// <summary>A colour of the wheel for each expert, neighbours far apart.</summary>
    private static string Escape(int expert)
    {
        double hue = expert * 0.61803398875 % 1 * 6;
        double Channel(double shift) => 80 + (170 * Math.Clamp(Math.Abs(((hue + shift) % 6) - 3) - 1, 0, 1));
        return $"\e[38;2;{(int)Channel(0)};{(int)Channel(4)};{(int)Channel(2)}m";
    }
}
