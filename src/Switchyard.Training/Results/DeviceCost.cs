namespace Switchyard.Training.Results;

/// <summary>What an uneven load costs with the experts spread over devices: load of the busiest device ÷ mean load, 1 (even) to D.</summary>
/// <param name="Devices">Devices D.</param>
/// <param name="Cost">With contiguous blocks of experts, as they are numbered.</param>
/// <param name="Placed">With the experts placed by their load: the heaviest first, each to the device of least load that has room, ⌈E/D⌉ experts a device.</param>
public sealed record DeviceCost(int Devices, double Cost, double Placed);
