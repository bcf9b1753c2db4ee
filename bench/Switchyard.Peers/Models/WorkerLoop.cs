using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Switchyard.Peers.Weights;

namespace Switchyard.Peers.Models;

/// <summary>The side of a worker in its own process: a command a line on standard input, an answer a line on standard output, behind a mark, for native libraries print there, too.</summary>
internal static class WorkerLoop
{
    /// <summary>What an answer begins with.</summary>
    public const string Mark = "=> ";

    /// <summary>Serves until standard input ends.</summary>
    /// <param name="engine"><c>switchyard</c> or <c>llama</c>.</param>
    /// <param name="path">The model.</param>
    /// <param name="options">How it runs.</param>
    public static void Run(string engine, string path, WorkerOptions options)
    {
        long start = Stopwatch.GetTimestamp();
        using IModelWorker worker = engine is "llama" ? new LlamaWorker(path, options) : new SwitchyardWorker(path, options);
        Answer(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        Answer(worker.Description);
        float[] logits = [];
        while (Console.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            switch (words[0])
            {
                case "prompt":
                    int[] prompt = Tokens(words, options.Vocabulary);
                    Timed(() => logits = worker.Prompt(prompt));
                    break;
                case "decode":
                    int[] tokens = Tokens(words, options.Vocabulary);
                    Timed(() => Array.ForEach(tokens, id => logits = worker.Next(id)));
                    break;
                case "logits":
                    Answer(Convert.ToBase64String(MemoryMarshal.AsBytes<float>(logits)));
                    break;
                case "memory":
                    using (Process own = Process.GetCurrentProcess())
                    {
                        Answer(own.WorkingSet64 / 1e6);
                    }

                    break;
                default:
                    throw new InvalidOperationException($"'{line}' is no command");
            }
        }
    }

    private static void Timed(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        Answer(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    /// <summary>The random tokens of <c>COMMAND SEED COUNT</c>.</summary>
    private static int[] Tokens(string[] words, int vocabulary)
    {
        RandomNumbers random = new(ulong.Parse(words[1], CultureInfo.InvariantCulture));
        int[] tokens = new int[int.Parse(words[2], CultureInfo.InvariantCulture)];
        for (int i = 0; i < tokens.Length; i++)
        {
            tokens[i] = (int)(random.Next() % (uint)vocabulary);
        }

        return tokens;
    }

    private static void Answer(double value) => Answer(value.ToString("R", CultureInfo.InvariantCulture));

    private static void Answer(string text)
    {
        Console.Out.WriteLine(Mark + text);
        Console.Out.Flush();
    }
}
