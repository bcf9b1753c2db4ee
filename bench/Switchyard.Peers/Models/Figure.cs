namespace Switchyard.Peers.Models;

/// <summary>The same of both.</summary>
/// <param name="Ours">Switchyard's.</param>
/// <param name="Peer">llama.cpp's.</param>
internal sealed record Figure(double Ours, double Peer)
{
    /// <summary>Ours ÷ the peer's.</summary>
    public double Ratio => Ours / Peer;
}
