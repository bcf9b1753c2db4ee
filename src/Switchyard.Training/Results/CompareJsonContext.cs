using System.Text.Json;
using System.Text.Json.Serialization;

namespace Switchyard.Training.Results;

/// <summary>Serialisers of <c>switchyard.compare/1</c>, made at build time.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.General,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    WriteIndented = true,
    IndentSize = 1,
    NewLine = "\n",
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    Converters = [typeof(FiniteDoubleConverter)])]
[JsonSerializable(typeof(CompareResult))]
internal sealed partial class CompareJsonContext : JsonSerializerContext;
