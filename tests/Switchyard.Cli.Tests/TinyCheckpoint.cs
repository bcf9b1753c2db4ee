using Switchyard.Models;

namespace Switchyard.Cli.Tests;

/// <summary>A checkpoint with random weights whose tokens are bytes, and text for it, in a folder of the test's; made when first asked for.</summary>
internal static class TinyCheckpoint
{
    public static string Text(string within)
    {
        string folder = Path.Combine(within, "text");
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder);
            for (int i = 0; i < 30; i++)
            {
                File.WriteAllText(Path.Combine(folder, $"{i}.txt"), string.Join(' ', Enumerable.Range(i, 30)));
            }
        }

        return folder;
    }

    public static string Model(string within)
    {
        string folder = Path.Combine(within, "model");
        if (!Directory.Exists(folder))
        {
            using MoeTransformer model = new(new MoeTransformerOptions { HiddenSize = 16, Layers = 2, Heads = 2, KeyValueHeads = 2, HeadSize = 8, Experts = 4, TopK = 2, InnerSize = 8, SequenceLength = 64, InitialDeviation = 0.2 });
            model.Save(folder);
        }

        return folder;
    }
}
