using System.Runtime.CompilerServices;
using Switchyard.Native;

namespace Switchyard.Models.Tests.Files;

/// <summary>Tests use torch before anything of Switchyard.</summary>
internal static class LoadTorch
{
#pragma warning disable CA2255 // A test project is an application.
    [ModuleInitializer]
    internal static void Initialize() => LibTorch.EnsureLoadable();
#pragma warning restore CA2255
}
