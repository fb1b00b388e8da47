namespace Paris.Models.Encoders;

/// <summary>How a vision transformer's position table is brought to another grid.</summary>
public enum PositionForm
{
    /// <summary>Bicubic, scale M/(h + 0.1): DINOv2's hub models without registers.</summary>
    Offset,

    /// <summary>Bicubic, scale M/h: what the Hugging Face implementation of DINOv2 computes. It differs visibly from <see cref="Offset"/>.</summary>
    Size,

    /// <summary>Antialiased bicubic, scale M/h: DINOv2's hub models with registers.</summary>
    Antialiased,
}
