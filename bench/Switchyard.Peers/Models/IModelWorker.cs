namespace Switchyard.Peers.Models;

/// <summary>A language model that is timed.</summary>
internal interface IModelWorker : IDisposable
{
    /// <summary>What it runs on: the instructions that a library was built for.</summary>
    string Description { get; }

    /// <summary>Forgets what came before, runs a prompt, and returns the logits of its last token.</summary>
    /// <param name="ids">The prompt.</param>
    float[] Prompt(int[] ids);

    /// <summary>Adds a token, and returns its logits.</summary>
    /// <param name="id">The token.</param>
    float[] Next(int id);
}
