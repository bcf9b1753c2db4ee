using System.Text.Json.Serialization;

namespace Switchyard.Training.Results;

/// <summary>How well a layer uses its experts.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LayerHealth>))]
public enum LayerHealth
{
    /// <summary>Nothing to mend.</summary>
    [JsonStringEnumMemberName("healthy")]
    Healthy,

    /// <summary>Uneven enough to cost time.</summary>
    [JsonStringEnumMemberName("uneven")]
    Uneven,

    /// <summary>Experts are wasted.</summary>
    [JsonStringEnumMemberName("sick")]
    Sick,
}
