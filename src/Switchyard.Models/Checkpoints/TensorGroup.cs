namespace Switchyard.Models.Checkpoints;

/// <summary>Tensors of a checkpoint whose names differ in numbers alone, of one type and shape.</summary>
/// <param name="Name">The name, numbers that differ written as a range: <c>model.layers.{0-47}.mlp.experts.{0-127}.up_proj.weight</c>.</param>
/// <param name="Type">Type of the elements.</param>
/// <param name="Shape">Shape of each.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Bytes">Bytes of all together.</param>
public sealed record TensorGroup(string Name, string Type, IReadOnlyList<long> Shape, int Count, long Bytes);
