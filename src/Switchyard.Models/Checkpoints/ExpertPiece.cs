using Switchyard.Models.Files;

namespace Switchyard.Models.Checkpoints;

/// <summary>Bytes of an expert in a file.</summary>
/// <param name="Tensor">Name of the tensor that they are in.</param>
/// <param name="File">Its file.</param>
/// <param name="Skip">Where they begin within the tensor.</param>
/// <param name="Bytes">How many there are.</param>
internal sealed record ExpertPiece(string Tensor, SafetensorsFile File, long Skip, long Bytes);
