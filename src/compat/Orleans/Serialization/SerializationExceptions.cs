namespace Orleans.Serialization;

public class SerializerException : Exception
{
    public SerializerException()
    {
    }

    public SerializerException(string message)
        : base(message)
    {
    }

    public SerializerException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>No codec or copier exists for a type: it lacks <see cref="GenerateSerializerAttribute"/> and is no known framework type.</summary>
public sealed class CodecNotFoundException(string message) : SerializerException(message);
