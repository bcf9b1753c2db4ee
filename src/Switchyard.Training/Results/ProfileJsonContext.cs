using System.Text.Json;
using System.Text.Json.Serialization;

namespace Switchyard.Training.Results;

/// <summary>Serialisers of <c>switchyard.profile/1</c>, made at build time.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.General,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    Converters = [typeof(FiniteDoubleConverter)])]
[JsonSerializable(typeof(ProfileResult))]
internal sealed partial class ProfileJsonContext : JsonSerializerContext;
