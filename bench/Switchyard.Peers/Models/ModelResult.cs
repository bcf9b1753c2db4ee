using Switchyard.Peers.Results;

namespace Switchyard.Peers.Models;

/// <summary>What <c>model</c> measured.</summary>
/// <param name="Machine">The machine.</param>
/// <param name="Model">Sizes of the model.</param>
/// <param name="Options">How both ran.</param>
/// <param name="Prompt">Tokens of a prompt.</param>
/// <param name="Decode">Tokens after it.</param>
/// <param name="Rows">A row a type.</param>
internal sealed record ModelResult(Machine Machine, RandomModel Model, WorkerOptions Options, int Prompt, int Decode, IReadOnlyList<ModelRow> Rows)
{
    /// <summary>Name and version of the schema.</summary>
    public string Schema { get; init; } = "switchyard.peers-model/1";
}
