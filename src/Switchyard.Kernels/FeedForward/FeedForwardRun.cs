using Switchyard.Kernels.Teams;

namespace Switchyard.Kernels.FeedForward;

/// <summary>One call: the panels of each group, shared working memory, and the queue of the stage that is running.</summary>
internal sealed unsafe class FeedForwardRun
{
    public FeedForwardRun(KernelEngine engine, int[] panelStart, int streamedRows)
    {
        Engine = engine;
        PanelStart = panelStart;
        StreamedRows = streamedRows;
    }

    public KernelEngine Engine { get; }

    /// <summary>Index of the first panel of each group, and their number at the end, [G + 1].</summary>
    public int[] PanelStart { get; }

    public int PanelTotal => PanelStart[^1];

    /// <summary>Most rows of a group that are not packed.</summary>
    public int StreamedRows { get; }

    public WorkQueue<WorkUnit> Queue { get; } = new();

    /// <summary>Whether results are added to what is there.</summary>
    public bool Adds { get; init; }

    /// <summary>Inner values before the activation, [panels, m, 32], or null where nothing keeps them.</summary>
    public float* Before { get; set; }

    /// <summary>Inner values, [panels, f, 32].</summary>
    public float* After { get; set; }

    /// <summary>Inner values as the second product reads them, [panels, lines, 32].</summary>
    public float* Encoded { get; set; }

    /// <summary>Gradient of <see cref="Before"/>.</summary>
    public float* BeforeGradient { get; set; }

    /// <summary>Weighted inner values row by row, [R, f].</summary>
    public float* WeightedRows { get; set; }

    /// <summary>h·g summed over 48 features each, [blocks, panels, 32].</summary>
    public float* Dots { get; set; }

    /// <summary>Runs all pieces of the queue on the team.</summary>
    public void Drain(Action<WorkUnit, int> work) => Queue.Drain(Engine.Team, work);
}
